# The machines of one project.

variable "project" {
  type = string
}

variable "machines" {
  type = number
}

variable "gpu_model" {
  type = string
}

variable "max_price" {
  type = number
}

locals {
  # A machine's key is its name: taking one away never touches the others.
  names = toset([for number in range(var.machines) : format("%s_%02d", var.project, number + 1)])
}

resource "simplepod_template_group" "blender" {
  name         = "render-farm-${var.project}"
  image_name   = "linuxserver/blender"
  disk_size    = 40
  expose_ports = [3000]
  start_script = "blender-worker --project ${var.project}"
}

resource "simplepod_instance" "node" {
  for_each = local.names

  name              = each.key
  gpu_model         = var.gpu_model
  max_price_per_gpu = var.max_price
  template_group    = simplepod_template_group.blender.id

  # A new start script reaches machines at their next boot; they are not rented anew.
  template_change = "update"

  env_variables = {
    PROJECT = var.project
    NODE    = each.key
  }
}

output "hosts" {
  value = { for name, node in simplepod_instance.node : name => node.host_ip }
}
