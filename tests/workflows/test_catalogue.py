"""The catalogue for the city's officials says what the shipped files say."""

from engine.deployments import load_folder
from engine.settings import shipped
from web.commands.catalogue import document, in_step


def test_the_catalogue_is_in_step_with_the_processes() -> None:
    assert in_step(shipped("docs"), load_folder()), "run: cityloop catalogue"


def test_every_process_and_decision_has_its_section() -> None:
    files = load_folder()
    text = document(files)
    for path in files:
        if path.endswith(".bpmn"):
            assert f"`{path}`" in text
