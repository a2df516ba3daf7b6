"""All commands and their options, as fixed by the public interface."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.common import DataDir, fail, note, open_store, run, settings_for

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Frontline: the first line of customer support.",
)
staff_app = typer.Typer(no_args_is_help=True, help="Accounts of agents, editors and admins.")
token_app = typer.Typer(no_args_is_help=True, help="API tokens.")
app.add_typer(staff_app, name="staff")
app.add_typer(token_app, name="token")


@app.command()
def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8080,
    data_dir: DataDir = None,
    no_demo: Annotated[bool, typer.Option("--no-demo", help="Without the demo shop.")] = False,
    no_telegram: Annotated[
        bool, typer.Option("--no-telegram", help="Without Telegram even if a token is set.")
    ] = False,
) -> None:
    """Start everything: environments, training, schema, demo shop, Rasa and the gateway."""
    from bot.cli.up import run_up

    raise typer.Exit(
        run_up(host=host, port=port, data_dir=data_dir, demo=not no_demo, telegram=not no_telegram)
    )


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8080,
    data_dir: DataDir = None,
) -> None:
    """Start the gateway and its Rasa hosts from what is installed and trained already."""
    from bot.cli.up import run_up

    raise typer.Exit(
        run_up(host=host, port=port, data_dir=data_dir, demo=False, telegram=True, prepare=False)
    )


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the store's schema up to date."""
    from bot.kit.db import open_database
    from bot.migrations import upgrade

    settings = settings_for(data_dir)

    async def main() -> None:
        db = open_database(settings.database_url)
        try:
            before, after = await upgrade(db)
        finally:
            await db.close()
        print(f"{before or 'empty'} -> {after}")

    run(main)


@app.command()
def train(
    data_dir: DataDir = None,
    force: Annotated[bool, typer.Option("--force", help="Even if nothing changed.")] = False,
) -> None:
    """Train Rasa on the present data; prints the model's file."""
    from bot.cli.learn import prepare_model
    from bot.rasa.environment import ensure_environment
    from bot.rasa.training import ensure_model

    settings = settings_for(data_dir)

    async def main() -> None:
        await ensure_environment(settings.rasa_python, progress=note)
        if force:
            await ensure_model(progress=note, force=True)
        print(await prepare_model(settings, progress=note))

    run(main)


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Check what is installed, reachable and configured."""
    from bot.cli.doctor import run_doctor

    raise typer.Exit(run_doctor(data_dir))


@staff_app.command("add")
def staff_add(
    email: Annotated[str, typer.Option(help="E-mail address, used to log in.")],
    name: Annotated[str, typer.Option(help="Name shown to customers and colleagues.")],
    role: Annotated[str, typer.Option(help="agent, supervisor, editor, admin or auditor.")],
    level: Annotated[str | None, typer.Option(help="N1 to N4, for agents.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Add an account."""
    from bot.staff.account import Role

    if role not in {r.value for r in Role}:
        raise fail(f"--role must be one of {', '.join(r.value for r in Role)}.")
    if not password_stdin:
        raise fail("Give the password on standard input and add --password-stdin.")
    password = sys.stdin.readline().rstrip("\r\n")
    settings = settings_for(data_dir)

    async def main() -> None:
        from bot.cli.accounts import staff_service

        async with open_store(settings) as db:
            staff = await staff_service(db, settings).add(
                email=email, name=name, role=Role(role), level=level, password=password
            )
            print(f"{staff.id} {staff.email}")

    run(main)


@staff_app.command("list")
def staff_list(data_dir: DataDir = None) -> None:
    """List all accounts."""
    settings = settings_for(data_dir)

    async def main() -> None:
        from bot.cli.accounts import staff_service

        async with open_store(settings) as db:
            for staff, created_at, disabled_at in await staff_service(db, settings).list_all():
                state = "disabled" if disabled_at else "active"
                print(
                    f"{staff.id}  {staff.email:32} {staff.role.value:10} {staff.level or '-':3} "
                    f"{state:8} {created_at:%Y-%m-%d}  {staff.name}"
                )

    run(main)


@staff_app.command("disable")
def staff_disable(
    who: Annotated[str, typer.Argument(metavar="EMAIL_OR_ID", help="Whose account.")],
    data_dir: DataDir = None,
) -> None:
    """Close an account; its sessions and tokens end at once."""
    settings = settings_for(data_dir)

    async def main() -> None:
        from bot.cli.accounts import staff_service

        async with open_store(settings) as db:
            service = staff_service(db, settings)
            found = await service.find_by_email(who)
            await service.disable(found.id if found else who)
            print(f"disabled {who}")

    run(main)


@token_app.command("create")
def token_create(
    staff: Annotated[str, typer.Option(help="E-mail of the account that the token acts for.")],
    name: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    data_dir: DataDir = None,
) -> None:
    """Make an API token; it is printed this once, as the last word."""
    settings = settings_for(data_dir)

    async def main() -> None:
        from bot.cli.accounts import staff_service

        async with open_store(settings) as db:
            token = await staff_service(db, settings).create_token(email=staff, name=name)
            note(f"Token for {staff}; it is not shown again:")
            print(token)

    run(main)


@app.command()
def chat(
    locale: Annotated[str | None, typer.Option(help="pt-BR, en or es.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Talk to the bot in the terminal (`frontline up` must be running)."""
    from bot.cli.chat import run_chat

    settings = settings_for(data_dir)
    run(lambda: run_chat(settings, locale=locale))


@app.command()
def explain(
    text: Annotated[str, typer.Argument(help="A message as a customer would write it.")],
    locale: Annotated[str | None, typer.Option(help="pt-BR, en or es.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Show what the bot would do with a message, without sending it."""
    from bot.cli.explain import run_explain

    settings = settings_for(data_dir)
    run(lambda: run_explain(settings, text, locale=locale, as_json=as_json))


@app.command("eval")
def evaluate(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="JSONL: messages or dialogues with their routes."),
    ],
    least: Annotated[
        float, typer.Option("--min", help="Accuracy (0 to 1) below which it fails.", min=0, max=1)
    ] = 0.0,
    errors: Annotated[int, typer.Option(help="Mistakes to list, worst first.", min=0)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write a report for the browser to this file.")
    ] = None,
    perturb: Annotated[
        str, typer.Option(help="Also judge them in capitals, …: caps,accents,typos.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Which typos are made.")] = 0,
    floors: Annotated[
        Path | None, typer.Option(help="TOML with the least there may be; fails below it.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Measure how messages are understood: accuracy, confusion, calibration, latency."""
    from bot.cli.eval import EvalOptions, parse_perturbations, run_eval

    settings = settings_for(data_dir)

    async def main() -> bool:
        options = EvalOptions(
            least=least,
            errors=errors,
            as_json=as_json,
            html=html,
            perturb=parse_perturbations(perturb),
            seed=seed,
            floors=floors,
        )
        return await run_eval(settings, files, options)

    if not run(main):
        raise typer.Exit(1)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to write (.tar.gz); must not exist yet.")],
    data_dir: DataDir = None,
) -> None:
    """Write the embedded store, Rasa's trackers and the key to one file; also while `up` runs."""
    from bot.cli.backup import make_backup

    settings = settings_for(data_dir)

    async def main() -> dict[str, int]:
        return await asyncio.to_thread(make_backup, settings, file)

    for name, size in run(main).items():
        note(f"{name}: {size:,} bytes")
    print(file)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file written by `frontline backup`.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what is stored.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Put a backup in place, checked as a whole first; no gateway may be running."""
    from bot.cli.backup import restore_backup

    settings = settings_for(data_dir)

    async def main() -> dict[str, Any]:
        return await asyncio.to_thread(restore_backup, settings, file, force=force)

    manifest = run(main)
    print(f"restored {len(manifest['files'])} files of {manifest['made_at']}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Run every test of both environments; arguments go to pytest, for the app's tests only."""
    from bot.cli.testing import run_tests

    raise typer.Exit(run_tests(context.args))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            help="turns: messages per second beside stock Rasa; nlu: understanding beside DIET; "
            "kb: search beside plain full-text search."
        ),
    ],
) -> None:
    """Measure, beside a peer in the same run (from a checkout of the repository)."""
    import subprocess

    from bot.rasa.environment import ROOT

    module = ROOT / "tests" / "bench" / f"{what}.py"
    if not what.isidentifier() or not module.is_file():
        raise fail(f"There is no benchmark {what!r} here.")
    command = [sys.executable, "-m", f"tests.bench.{what}", *context.args]
    raise typer.Exit(subprocess.run(command, cwd=ROOT, check=False).returncode)  # noqa: S603


def _add_from_concepts() -> None:
    from bot.cli.contact import contact_app
    from bot.cli.kb import kb_app
    from bot.cli.learn import learn_app
    from bot.cli.sla import sla_app
    from bot.cli.transcript import transcript

    app.add_typer(kb_app, name="kb")
    app.add_typer(learn_app, name="learn")
    app.add_typer(contact_app, name="contact")
    app.add_typer(sla_app, name="sla")
    app.command()(transcript)


_add_from_concepts()
