# SPDX-License-Identifier: Apache-2.0
"""`tinydf ports`: the serial ports, which board each may be, and who answers."""

import click

from tinydf.cli.console import note, print_json, results
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
        for one in found:
            _show(one)


def _show(one: ports.Asked) -> None:
    port = one.port
    results.print(port.path, soft_wrap=True)
    usb = f"USB {port.usb}, serial number {port.serial_number}, {port.what}" if port.usb else None
    may_be = f"may be {', '.join(port.boards)}" if port.usb and port.boards else None
    emulated = f"the emulated {port.emulated}" if port.emulated else None
    answers = f"answers: {one.board}, build {one.build_id[:12]}" if one.build_id else one.problem
    for line in filter(None, (port.by_id, usb, may_be, emulated, answers)):
        results.print(f"    {line}", soft_wrap=True)
