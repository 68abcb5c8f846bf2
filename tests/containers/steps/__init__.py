"""What is proved, in its order."""

from functools import partial

from tests.containers.plan import Step
from tests.containers.run import Run
from tests.containers.steps import images, production, speech, stack, trouble

_IMAGES, _STACK, _PRODUCTION = "images of others", "bin/dev-full", "production image"

STEPS = (
    Step[Run](_IMAGES, images.get),
    Step(_STACK, stack.start, (_IMAGES,)),
    Step("bin/dev-full again", stack.start_again, (_STACK,)),
    Step("a receipt and names", stack.read, (_STACK,)),
    Step("a worker killed at work", trouble.kill_worker, (_STACK,)),
    Step("Redis restarted and killed", partial(trouble.trouble_with, "redis"), (_STACK,)),
    Step("Postgres restarted and killed", partial(trouble.trouble_with, "postgres"), (_STACK,)),
    Step("three workers for items", trouble.scale, (_STACK,)),
    Step("source files touched", trouble.touch, (_STACK,)),
    Step("every panel's query", stack.ask_every_panel, (_STACK,)),
    Step("down, and up with its data", stack.down_and_up, (_STACK,)),
    Step(_PRODUCTION, images.build_production, (_IMAGES,)),
    Step("start-up errors", production.start_up_errors, (_PRODUCTION,)),
    Step("production without rights", production.hardened, (_STACK, _PRODUCTION)),
    Step("two fronts rolled under calls", production.roll, ("production without rights",)),
    Step("every line is JSON", speech.every_line_is_json, (_STACK,)),
)
