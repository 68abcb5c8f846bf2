"""The fields that every request may have at the top, used or not."""

from typing import Annotated, Any

from pydantic import Field, GetJsonSchemaHandler, StrictBool, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from shared.contracts.callbacks import CallbackRequest
from shared.contracts.fields.numbers import NO_BOOLEAN
from shared.contracts.text import CONTRACT_VERSION, Contract, Identifier, Version

MAX_PRIORITY = 9


class OrNull:
    """Says in the JSON Schema of a field that null is accepted, and stands for the default."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"type": "null"}]}


class RequestMetadata(Contract):
    """Metadata of a request: `fresh`, and any keys of the caller's own.

    `fresh`: make a new job even if the same work was done recently.
    """

    fresh: StrictBool = False


class CommonFields(Contract):
    """The common fields. `account_id` is another name of `tenant_id`."""

    version: Annotated[Version, OrNull] = CONTRACT_VERSION
    request_id: Identifier | None = None
    tenant_id: Identifier | None = None
    account_id: Identifier | None = None
    user_id: Identifier | None = None
    priority: Annotated[int, Field(ge=0, le=MAX_PRIORITY), NO_BOOLEAN, OrNull] = 0
    metadata: Annotated[RequestMetadata, OrNull] = Field(default_factory=RequestMetadata)
    callback: CallbackRequest | None = None

    @model_validator(mode="before")
    @classmethod
    def _null_is_the_default(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        optional = ("version", "priority", "metadata")
        return {
            name: value for name, value in data.items() if value is not None or name not in optional
        }

    @model_validator(mode="after")
    def _names_one_tenant(self) -> "CommonFields":
        if self.tenant_id and self.account_id and self.tenant_id != self.account_id:
            raise PydanticCustomError(
                "tenant_required", "account_id and tenant_id name different tenants"
            )
        return self

    @property
    def tenant(self) -> str | None:
        """The tenant that the body names, or None."""
        return self.tenant_id or self.account_id

    def common(self) -> dict[str, Any]:
        """Return the common fields by name, for another request in place of this one."""
        return {name: getattr(self, name) for name in CommonFields.model_fields}


class OwnedFields(CommonFields):
    """The common fields of a request whose body has to name the tenant."""

    @model_validator(mode="after")
    def _has_a_tenant(self) -> "OwnedFields":
        if not self.tenant:
            raise PydanticCustomError("tenant_required", "tenant_id or account_id is needed")
        return self

    @property
    def tenant(self) -> str:
        """The tenant that the body names."""
        return self.tenant_id or self.account_id or ""
