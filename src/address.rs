//! Addresses of resources and their instances, as Terraform writes them.
