"""A fleet on the simulator, and podform under the name of terraform."""

import os
import pathlib
import tempfile

MAIN = """
podform {
  fleet = "driven"
}

variable "model" {
  default = "RTX 4090"
}

resource "simplepod_template_group" "base" {
  name       = "driven-base"
  image_name = "ubuntu"
}

resource "simplepod_instance" "worker" {
  name              = "worker"
  gpu_model         = var.model
  max_price_per_gpu = 0.9
  template_group    = simplepod_template_group.base.id
}

data "simplepod_offers" "cheap" {
  gpu_model = "RTX 4090"
}

output "id" {
  value = simplepod_instance.worker.id
}
"""


def fleet(text=MAIN):
    """A directory with the configuration."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="driven-"))
    (directory / "main.hcl").write_text(text)
    return directory


def linked(binary):
    """podform as `terraform` on the path; what the wrappers start finds the simulator."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="bin-"))
    link = directory / "terraform"
    link.symlink_to(pathlib.Path(binary).resolve())
    os.environ["PATH"] = f"{directory}:{os.environ['PATH']}"
    os.environ["PODFORM_SANDBOX"] = "1"
    return str(link)
