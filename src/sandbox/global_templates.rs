//! The templates that everybody has (API sheet §3.2). Their ids share the IRI space of the private ones.

use super::templates::Template;

/// id, name, image, tag, category, disk in GB, ports, ssh, jupyter.
type Row = (u64, &'static str, &'static str, &'static str, &'static str, i64, &'static str, bool, bool);

const ROWS: &[Row] = &[
    (1, "ubuntu", "ubuntu", "22.04", "ubuntu", 32, "22", true, false),
    (2, "pytorch", "pytorch/pytorch", "2.4.1-cuda12.4-cudnn9-devel", "pytorch", 48, "22,8888", true, true),
    (3, "TensorFlow GPU", "tensorflow/tensorflow", "2.17.0-gpu-jupyter", "tensorflow", 48, "8888", false, true),
    (5, "ollama/ollama", "ollama/ollama", "latest", "llm", 64, "11434", false, false),
    (6, "stable-diffusion:web-ui", "universonic/stable-diffusion-webui", "full", "images", 64, "8080", false, false),
    (7, "ComfyUI", "yanwk/comfyui-boot", "cu124-slim", "images", 64, "8188", false, false),
    (8, "vllm-openai", "vllm/vllm-openai", "v0.9.2", "llm", 96, "8000", false, false),
    (9, "vllm-openai Phi-3-small-8k-instruct", "vllm/vllm-openai", "latest", "llm", 64, "8000", false, false),
    (
        11,
        "text-generation-webui",
        "atinoda/text-generation-webui",
        "default-nvidia",
        "llm",
        96,
        "7860,5000",
        false,
        false,
    ),
    (12, "jupyter datascience", "jupyter/datascience-notebook", "latest", "jupyter", 32, "8888", false, true),
    (13, "blender", "linuxserver/blender", "latest", "render", 48, "3000,3001", false, false),
    (14, "whisper", "onerahmet/openai-whisper-asr-webservice", "latest-gpu", "audio", 32, "9000", false, false),
    (15, "kohya_ss", "ashleykza/kohya", "25.2.1", "training", 96, "3010,6006", false, false),
    (17, "axolotl", "axolotlai/axolotl", "main-latest", "training", 128, "22", true, false),
    (18, "fooocus", "ashleykza/fooocus", "2.5.5", "images", 64, "3000", false, false),
    (19, "minecraft", "itzg/minecraft-server", "latest", "games", 32, "25565", false, false),
    (20, "n8n", "n8nio/n8n", "latest", "tools", 32, "5678", false, false),
    (21, "code-server", "codercom/code-server", "latest", "tools", 32, "8080", false, false),
    (22, "rapids", "rapidsai/notebooks", "25.06-cuda12.8-py3.12", "datascience", 64, "8888", false, true),
    (24, "triton server", "nvcr.io/nvidia/tritonserver", "25.05-py3", "inference", 96, "8000,8001,8002", false, false),
    (25, "nemo", "nvcr.io/nvidia/nemo", "25.04", "training", 128, "22,8888", true, true),
    (26, "open-webui", "ghcr.io/open-webui/open-webui", "ollama", "llm", 64, "8080", false, false),
    (27, "hashcat", "dizcza/docker-hashcat", "cuda", "tools", 32, "22", true, false),
    (28, "ubuntu nvidia cuda 12.4.1", "nvidia/cuda", "12.4.1-devel-ubuntu22.04", "ubuntu", 32, "22", true, false),
    (
        29,
        "ubuntu nvidia cuda 12.8.1 for RTX5000/6000 series",
        "nvidia/cuda",
        "12.8.1-devel-ubuntu24.04",
        "ubuntu",
        32,
        "22,80,443",
        true,
        false,
    ),
    (31, "invokeai", "ghcr.io/invoke-ai/invokeai", "latest", "images", 64, "9090", false, false),
    (32, "sglang", "lmsysorg/sglang", "latest", "llm", 96, "30000", false, false),
    (33, "llama.cpp server", "ghcr.io/ggml-org/llama.cpp", "server-cuda", "llm", 64, "8080", false, false),
    (34, "wan2.2 video", "ghcr.io/deepbeepmeep/wan2gp", "latest", "video", 128, "7860", false, false),
    (36, "kasm desktop", "kasmweb/ubuntu-jammy-desktop", "1.16.0", "desktop", 48, "6901", false, false),
];

/// All of them, by id.
pub(super) fn all() -> Vec<Template> {
    ROWS.iter()
        .map(|(id, name, image, tag, category, disk, ports, ssh, jupyter)| Template {
            id: *id,
            name: (*name).to_owned(),
            image_name: (*image).to_owned(),
            default_tag: (*tag).to_owned(),
            category_name: (*category).to_owned(),
            disk_size: *disk,
            expose_ports: (*ports).to_owned(),
            is_public: true,
            is_run_ssh_server_on: *ssh,
            is_run_jupyter_on: *jupyter,
            ..Template::default()
        })
        .collect()
}
