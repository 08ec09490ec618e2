# A training cluster: one head node, and workers that are told its address.

podform {
  fleet = "training-cluster"

  # A plan beyond it is refused, and so is a rent whose price moved since.
  budget "experiment" {
    max_hourly_cost = 1 + var.workers
    min_runway      = "24h"
  }
}

locals {
  port = 29500

  # Tried in this order; each machine gets the first that is to be had inside the price cap.
  gpu_models = ["RTX 5090", "RTX 4090", "RTX A6000"]

  env = {
    MASTER_PORT   = tostring(local.port)
    WORLD_SIZE    = tostring(var.workers + 1)
    WANDB_API_KEY = var.wandb_key
  }
}

resource "simplepod_template_group" "trainer" {
  name         = "training-cluster-trainer"
  image_name   = "pytorch/pytorch"
  default_tag  = "2.8.0-cuda12.8-cudnn9-runtime"
  disk_size    = 100
  expose_ports = [22, local.port]
  ssh_server   = true

  # The API runs scripts line by line; podform sends this one so that loops and functions survive.
  start_script = <<-EOT
    set -e
    pip install --quiet wandb
    for attempt in $(seq 1 30); do
      nc -z "$MASTER_ADDR" "$MASTER_PORT" && break
      sleep 10
    done
    torchrun --nnodes "$WORLD_SIZE" --node-rank "$RANK" --master-addr "$MASTER_ADDR" train.py
  EOT
}

resource "simplepod_instance" "head" {
  name                = "head"
  gpu_model           = local.gpu_models[0]
  fallback_gpu_models = slice(local.gpu_models, 1, length(local.gpu_models))
  max_price_per_gpu   = var.max_price
  template_group      = simplepod_template_group.trainer.id
  auto_renew          = true

  env_variables = merge(local.env, {
    RANK        = "0"
    MASTER_ADDR = "0.0.0.0"
  })

  # The head coordinates everybody: it must be well connected.
  offer {
    min_download     = 500
    min_upload       = 200
    min_disk         = 200
    min_cuda_version = "12.4"
  }
}

resource "simplepod_instance" "worker" {
  count = var.workers

  name                = "worker_${count.index}"
  gpu_model           = local.gpu_models[0]
  fallback_gpu_models = slice(local.gpu_models, 1, length(local.gpu_models))
  max_price_per_gpu   = var.max_price
  template_group      = simplepod_template_group.trainer.id
  auto_renew          = true

  # Known only once the head is rented: the workers are rented after it.
  env_variables = merge(local.env, {
    RANK        = tostring(count.index + 1)
    MASTER_ADDR = simplepod_instance.head.host_ip
  })

  offer {
    min_gpu_memory   = 23
    min_cuda_version = "12.4"
  }

  timeouts {
    create = "30m"
  }
}
