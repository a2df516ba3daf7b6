"""Server-rendered pages: log-in, set-up, one-time links, the demo shop, the shells of the apps.

`templates/` says on top of each file which variables it expects. `static/` is built with the rest
of the browser code (`bot/web/build.py`) and served as /static/pages.css, pages.js, demo.css and
demo.js; `public/` is copied there as it is.
"""
