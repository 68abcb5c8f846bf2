"""The errors of the object store that IMAGE_STORE names. They belong to the tree of `errors`."""

from shared.errors import Transient, Unavailable


class ImageStoreUnavailable(Unavailable):
    """The object store of images cannot be reached, or refuses what it is asked."""

    code = "image_store_unavailable"
    detail = "The store of images does not answer; try again shortly."
    retry_after = 10


class ImageStoreUnknown(Unavailable):
    """An image lies in a store that IMAGE_STORE of this process does not name."""

    code = "image_store_unknown"
    detail = "The image lies in a store that IMAGE_STORE does not name."
    retry_after = 30


class ImageLost(Transient):
    """The object store answers, and has not got an image that it took, or not all of it."""

    code = "image_lost"
    detail = "The store of images has lost the image of this job; submit the receipt again."
