# Two RTX 4090 machines with PyTorch and a notebook, for at most $0.60 per GPU-hour.

podform {
  fleet = "quickstart" # the identity that outlives a lost state
}

# What machines are rented with: image, disk, ports, start script.
resource "simplepod_template_group" "pytorch" {
  name         = "quickstart-pytorch"
  image_name   = "pytorch/pytorch"
  default_tag  = "2.8.0-cuda12.8-cudnn9-runtime"
  disk_size    = 64
  expose_ports = [22, 8888]
  ssh_server   = true
  jupyter      = true
}

# The machines. podform takes the cheapest offers that satisfy this.
resource "simplepod_instance" "worker" {
  count = 2

  name              = "worker_${count.index}"
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 0.60
  template_group    = simplepod_template_group.pytorch.id
}

output "hosts" {
  description = "Where the machines are."
  value       = simplepod_instance.worker[*].host_ip
}
