"""Let an image lie in an object store: its row then has a reference instead of the content.

The code before goes on as it did: it writes contents only, and those it can read.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# To check it reads the rows, and none of the contents, which lie apart.
_PLACE = "(content IS NULL) = (object_url IS NOT NULL AND object_size IS NOT NULL)"


def upgrade() -> None:
    """Add the reference. No row is rewritten, so the lock is short."""
    op.add_column("job_images", sa.Column("object_url", sa.Text))
    op.add_column("job_images", sa.Column("object_size", sa.BigInteger))
    op.alter_column("job_images", "content", existing_type=sa.LargeBinary, nullable=True)
    # The naming convention adds the prefix.
    op.create_check_constraint("place", "job_images", _PLACE)


def downgrade() -> None:
    """Drop the reference. Jobs whose images lie in an object store lose them."""
    op.execute("DELETE FROM job_images WHERE content IS NULL")
    op.alter_column("job_images", "content", existing_type=sa.LargeBinary, nullable=False)
    op.drop_constraint("place", "job_images", type_="check")
    op.drop_column("job_images", "object_size")
    op.drop_column("job_images", "object_url")
