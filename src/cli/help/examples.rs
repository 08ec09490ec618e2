//! What is done most with a command.

/// Command lines, and what they do.
pub fn examples(command: &str) -> &'static [(&'static str, &'static str)] {
    match command {
        "init" => &[
            ("podform init", "Look whether the configuration and its modules are there."),
            ("podform init -example=quickstart", "Write an example here."),
            ("podform init -from='PyTorch' -gpu-model='RTX 4090'", "Write a fleet with one machine of a template."),
        ],
        "plan" => &[
            ("podform plan", "What would change, and what it costs."),
            ("podform plan -sandbox", "The same on the simulated account: no key, no network, no cost."),
            ("podform plan -out=fleet.plan", "Save the plan; podform apply fleet.plan does exactly it."),
            ("podform plan -replace='simplepod_instance.worker[0]'", "Rent this machine anew."),
        ],
        "review" => &[
            ("podform review -out=review.md", "The plan as a comment of a pull request."),
            ("podform review -format=html -out=review.html fleet.plan", "A saved plan as a page."),
            ("podform review -post=github -check", "Keep one comment and a verdict in the pull request."),
        ],
        "apply" => &[
            ("podform apply", "Show the plan, ask, and do it."),
            ("podform apply fleet.plan", "Do exactly what was saved; nobody is asked."),
            ("podform apply -target=module.train -auto-approve", "Only this module, without a question."),
        ],
        "destroy" => &[
            ("podform destroy", "Show what goes, ask, and release and delete it."),
            ("podform destroy -target='simplepod_instance.worker[0]'", "Only this machine."),
            ("podform plan -destroy", "Show what would go; nothing is changed."),
        ],
        "market" => &[
            ("podform market", "The hosts that have something free, cheapest first."),
            ("podform market -by=model", "What each model costs: cheapest, median, dearest."),
            (
                "podform market -for='simplepod_instance.worker[0]'",
                "What satisfies this instance, and what keeps out the rest.",
            ),
        ],
        "instances" => &[
            ("podform instances list", "All machines of the account."),
            ("podform instances logs 108209 -follow", "The console of a machine, as it grows."),
            ("podform instances wait 108209 -for=ready", "Wait until its ports answer."),
        ],
        "reboot" => &[
            ("podform reboot 'simplepod_instance.worker[0]'", "Reboot this machine, after a question."),
            ("podform reboot 108209 108210", "Two of them, by their ids."),
        ],
        "import" => &[
            ("podform import 'simplepod_instance.worker[0]' 108209", "Record machine 108209 under this address."),
            ("podform import -all -out=found.hcl", "Write configuration for everything that nobody manages."),
        ],
        "orphans" => &[
            ("podform orphans", "List what this fleet made and does not record."),
            ("podform orphans -adopt=108209", "Record a machine under the address of its mark."),
            ("podform orphans -release=all", "Release them, after a question."),
        ],
        "recover" => &[
            ("podform recover", "Show what is in doubt, and settle it by looking."),
            ("podform recover -adopt=108209", "Say which machine an unanswered rent made."),
            ("podform recover -close=3fa2", "Say that an operation made nothing, by the start of its claim."),
        ],
        "status" => &[
            ("podform status", "The fleet's machines as they stand."),
            ("podform status -json", "The same for programs; exit code 2 where one is sick."),
        ],
        "top" => &[
            ("podform top", "All machines of the account; ? tells the keys."),
            ("podform top -interval=30s", "A look every half a minute."),
        ],
        "ssh" => &[
            ("podform ssh 'simplepod_instance.worker[0]'", "A shell on this machine."),
            ("podform ssh 108209 -- nvidia-smi", "A command on it; its exit code is that of podform."),
        ],
        "exec" => &[
            ("podform exec simplepod_instance.worker -- nvidia-smi -L", "On all machines of a block."),
            ("podform exec module.train -user=ubuntu -- uptime", "On all of a module, as another user."),
        ],
        "ssh-config" => &[
            ("podform ssh-config", "Print it."),
            (
                "podform ssh-config -write",
                "Keep it beside the state; then ssh, scp and editors know the machines by address.",
            ),
        ],
        _ => &[],
    }
}
