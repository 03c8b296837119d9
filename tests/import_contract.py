"""The import contract of the house: its business layers are those of `lead_platform/layers.py`."""

from typing import Any

from importlinter.contracts.layers import LayersContract

from lead_platform.layers import LAYER_NAMES

# Where the business layers stand between the others of the contract.
PLACEHOLDER = "<layers>"


class HouseContract(LayersContract):
    """As import-linter's `layers`; `<layers>` stands for the business layers, the last on top."""

    type_name = "house"

    def __init__(
        self, name: str, session_options: dict[str, Any], contract_options: dict[str, Any]
    ) -> None:
        business = [f"lead_platform.{layer}" for layer in reversed(LAYER_NAMES)]
        layers = [
            each
            for named in contract_options["layers"]
            for each in (business if named == PLACEHOLDER else [named])
        ]
        super().__init__(name, session_options, {**contract_options, "layers": layers})
