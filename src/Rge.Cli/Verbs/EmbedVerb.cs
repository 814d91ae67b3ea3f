using System.CommandLine;
using System.Text.Json.Nodes;

namespace Rge.Cli.Verbs;

/// <summary><c>rge embed</c>: the embedding of one item, or of every row of a file.</summary>
internal static class EmbedVerb
{
    public static Command Create(Terminal terminal)
    {
        var (model, query) = (new ModelOptions(), new QueryOptions());
        var role = new Option<string>("--role") { Description = "query writes a rationale first, target does not.", DefaultValueFactory = _ => "query" };
        role.AcceptOnlyFromAmong("query", "target");
        var input = new Option<FileInfo?>("--input") { Description = $"JSON Lines to embed, each line with any of {string.Join(", ", RowReader.Fields)}; picture paths count from the file's folder." };
        var output = new Option<FileInfo?>("--output") { Description = "JSON Lines to write, a line a row in the same order. A run that was stopped goes on where it was." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace an output that is there, or one that other settings have begun." };
        var command = new Command("embed", "Embed one item, or every row of a JSON Lines file.") { role, input, output, overwrite };
        query.AddTo(command);
        model.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(input) is null != result.GetValue(output) is null) result.AddError("--input and --output go together.");
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (parsed.GetValue(input) is not { } from)
            {
                var item = query.Read(parsed, parsed.GetValue(role) == "query" ? ItemRole.Query : ItemRole.Target);
                using var single = model.Load(parsed);
                terminal.RawOutput.WriteLine(ToJson(await single.EmbedAsync(item, cancellationToken: cancellationToken)).ToJsonString());
                return RgeCommand.Success;
            }
            if (!query.IsEmpty(parsed)) throw new CliException("--input was given, so --text, --image and --instruction were not expected: each row has its own.");
            var job = new EmbedJob(from.FullName, parsed.GetValue(output)!.FullName, model.Describe(parsed), parsed.GetValue(overwrite));
            if (job.IsDone) terminal.Remark($"{job.Output} is complete already.");
            else await job.RunAsync(() => model.Load(parsed), terminal, cancellationToken);
            return RgeCommand.Success;
        });
        return command;
    }

    /// <summary>One result as it is printed or written to a line of the output.</summary>
    public static JsonObject ToJson(ReasoningEmbedding embedding) => new()
    {
        ["rationale"] = embedding.Rationale,
        ["rationale_tokens"] = embedding.RationaleIds.Count,
        ["prompt_tokens"] = embedding.PromptTokens,
        ["embedding"] = new JsonArray([.. embedding.Vector.ToArray().Select(v => (JsonNode)v)]),
    };
}
