using System.CommandLine;
using System.Text.Json.Nodes;
using Rge.Cli.Output;
using Rge.Files;
using Rge.Hub;
using Spectre.Console;

namespace Rge.Cli.Verbs;

/// <summary><c>rge pull</c>: downloads a checkpoint folder.</summary>
internal static class PullVerb
{
    public static Command Create(Terminal terminal)
    {
        var repository = new Argument<string>("REPO") { Description = "Model repository, such as Qwen/Qwen2.5-VL-3B-Instruct." };
        repository.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } name && !(name.Contains('/') && HubDownloader.IsRepositoryName(name)))
                result.AddError($"'{name}' is no repository name, expected owner/name, such as Qwen/Qwen2.5-VL-3B-Instruct.");
        });
        var revision = new Option<string>("--revision") { Description = "Branch, tag or commit.", DefaultValueFactory = _ => "main" };
        revision.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is "" or "." or "..")
                result.AddError("--revision expects a branch, tag or commit.");
        });
        var folder = new Option<DirectoryInfo?>("--out")
        {
            Description = "Folder to download into.  [default: ./ and the name without its owner]",
        };
        var include = new Option<string[]>("--include")
        {
            Description =
                "Pattern of file names, may be given several times.  [default: *.json *.safetensors merges.txt *.jinja of the top folder]",
        };
        var token = new Option<string?>("--token")
        {
            Description = "Access token for private and gated repositories; better in HF_TOKEN, where other users cannot see it.",
        };
        var json = new Option<bool>("--json") { Description = "Print what was downloaded as JSON." };
        var command = new Command(
            "pull",
            "Download a checkpoint from a Hugging Face-compatible server (HF_ENDPOINT); continues where an earlier download stopped."
        )
        {
            repository,
            revision,
            folder,
            include,
            token,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var name = parsed.GetRequiredValue(repository);
                var target = parsed.GetValue(folder)?.FullName ?? Path.GetFullPath(name[(name.LastIndexOf('/') + 1)..]);
                if (File.Exists(target))
                    throw new CliException($"{target} is a file, expected a folder to download into; name one by --out.");
                using var http = HubDownloader.CreateHttpClient();
                var downloader = new HubDownloader(http, HubOptions.FromEnvironment(parsed.GetValue(token)));
                var snapshot = await downloader.FindAsync(
                    name,
                    parsed.GetRequiredValue(revision),
                    parsed.GetValue(include),
                    new Relay<string>(terminal.Remark),
                    cancellationToken
                );
                await DownloadAsync(downloader, snapshot, target, terminal, cancellationToken);

                if (parsed.GetValue(json))
                    terminal.WriteJson(Describe(snapshot, target));
                else
                    terminal.RawOutput.WriteLine(
                        $"{target}: {snapshot.Files.Count} files, {snapshot.Size / 1e6:N1} MB, commit {snapshot.Commit}"
                    );
                return ExitCodes.Success;
            }
        );
        return command;
    }

    private static Task DownloadAsync(
        HubDownloader downloader,
        HubSnapshot snapshot,
        string target,
        Terminal terminal,
        CancellationToken cancellationToken
    ) =>
        terminal
            .Error.Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(),
                new ProgressBarColumn(),
                new DownloadedColumn(),
                new TransferSpeedColumn(),
                new RemainingTimeColumn()
            )
            .StartAsync(context =>
                downloader.DownloadAsync(
                    snapshot,
                    target,
                    new PullProgress(snapshot, context.AddTask(snapshot.Repository), terminal),
                    cancellationToken
                )
            );

    private static JsonObject Describe(HubSnapshot snapshot, string target) =>
        new()
        {
            ["folder"] = target,
            ["repository"] = snapshot.Repository,
            ["commit"] = snapshot.Commit,
            ["files"] = new JsonArray([.. snapshot.Files.Select(file => new JsonObject { ["name"] = file.Name, ["size"] = file.Size })]),
        };
}
