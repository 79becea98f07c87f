"""`tinydf ports`: the serial ports, which board each may be, and who answers."""

import click
from rich.table import Table

from tinydf.console import note, print_json, results
from tinydf.link import ports


@click.command(name="ports")
@click.option("--hello", is_flag=True, help="Ask at each port that may be a board's who answers.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(hello: bool, as_json: bool) -> None:
    """List serial ports on USB and of emulated boards: which board each may be, and with --hello who answers."""
    found = [ports.ask(one) if hello and one.boards else ports.Asked(port=one) for one in ports.listed()]
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif not found:
        note("no serial port on USB, and no emulated board runs")
    else:
        results.print(_table(found))


def _table(found: list[ports.Asked]) -> Table:
    table = Table("port", "USB", "serial number", "may be", "answers", box=None)
    for column in table.columns:
        column.overflow = "fold"
    for one in found:
        port = one.port
        row = (
            port.by_id or port.path,
            port.usb or "emulated",
            port.serial_number or "-",
            ", ".join(port.boards) or "-",
        )
        table.add_row(*row, _answer(one))
    return table


def _answer(one: ports.Asked) -> str:
    if one.board and one.build_id:
        return f"{one.board}, build {one.build_id[:12]}"
    return one.problem or "-"
