"""What all browser code shares (TypeScript in `shared/`), and how it is built (`build.py`)."""
