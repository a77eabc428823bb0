"""What networks compute on."""

from collections.abc import Iterator

import pytest

from tasks.runtime import environment
from tasks.runtime.environment import load_tensorflow, precision, use_device


@pytest.fixture(autouse=True)
def undecided(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if TensorFlow had not been told its device yet; the tests' own choice is back afterwards."""
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU: these tests are about machines without one")
    monkeypatch.setenv(environment.DEVICE, "cpu")
    environment._device.cache_clear()
    yield
    environment._device.cache_clear()


def test_auto_falls_back_on_the_processor_where_no_gpu_is_seen() -> None:
    use_device("auto")
    assert load_tensorflow() == "cpu"


def test_a_gpu_that_is_not_there_is_an_error_at_once_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"sees no GPU: check that `nvidia-smi` lists one .* or use --device cpu"):
        use_device("gpu")


def test_a_device_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(environment.DEVICE, "tpu")
    with pytest.raises(ValueError, match="must be auto, cpu or gpu, got 'tpu'"):
        load_tensorflow()


def test_the_processor_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(environment.DEVICE)
    assert load_tensorflow() == "cpu"


def test_the_processor_multiplies_in_full_width() -> None:
    assert precision() == "float32"


@pytest.mark.parametrize(("capability", "expected"), [((7, 5), "float32"), ((8, 0), "mixed_bfloat16")])
def test_a_gpu_multiplies_in_bfloat16_where_it_can(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], expected: str
) -> None:
    import tensorflow as tf

    load_tensorflow()
    gpu = tf.config.PhysicalDevice("/physical_device:GPU:0", "GPU")
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [gpu])
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind=None: [gpu])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda _: {"compute_capability": capability})
    assert precision() == expected
