using System.CommandLine;
using System.Text.Json.Nodes;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Jobs;

namespace Rge.Cli.Verbs;

/// <summary><c>rge embed</c>: the embedding of one item, or of every row of a file.</summary>
internal static class EmbedVerb
{
    public static Command Create(Terminal terminal)
    {
        var (model, query) = (new ModelOptions(), new QueryOptions());
        var role = new Option<string>("--role")
        {
            Description = "query writes a rationale first, target does not.",
            DefaultValueFactory = _ => "query",
        };
        role.AcceptOnlyFromAmong("query", "target");
        var input = new Option<FileInfo?>("--input")
        {
            Description =
                $"JSON Lines to embed, each line with any of {string.Join(", ", EmbeddingRows.Fields)}; "
                + $"image paths are relative to the file. content is a list of {{\"text\": …}} and {{\"image\": PATH}} in their order.",
        };
        var output = new Option<FileInfo?>("--output")
        {
            Description =
                "JSON Lines to write, a line a row in the same order. The same command again resumes: it embeds what is missing or has "
                + "failed.",
        };
        var onError = CommonOptions.OnError(
            "fail writes the output once every row is embedded; skip writes it, with {\"id\": …, \"error\": …} for rows that failed. "
                + "Either way every good row is embedded and kept.",
            skips: false
        );
        var overwrite = new Option<bool>("--overwrite") { Description = "Embed everything again, whatever exists." };
        var json = new Option<bool>("--json")
        {
            Description =
                "Print one JSON document: a single item's embedding, which is printed so in any case, or what became of the rows.",
        };
        var command = new Command("embed", "Embed one item, or every row of a JSON Lines file.");
        query.AddTo(command, instead: input);
        foreach (var option in (Option[])[role, input, output, onError, overwrite, json])
            command.Add(option);
        model.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(input) is null != result.GetResult(output) is null)
                result.AddError("--input and --output go together.");
            if (result.GetResult(input) is not null && result.GetResult(role) is { Implicit: false })
                result.AddError($"{input.Name} was given, so {role.Name} was not expected: each row has its own.");
            foreach (var option in (Option[])[onError, overwrite])
                if (result.GetResult(input) is null && result.GetResult(option) is { Implicit: false })
                    result.AddError($"{option.Name} was given, so {input.Name} was expected: it is for the rows of a file.");
        });
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (parsed.GetValue(input) is not { } from)
                {
                    var item = query.Read(parsed, parsed.GetValue(role) == "query" ? ItemRole.Query : ItemRole.Target);
                    using var single = model.Load(parsed);
                    terminal.RawOutput.WriteLine(
                        EmbeddingJob.ToJson(await single.EmbedAsync(item, cancellationToken: cancellationToken)).ToJsonString()
                    );
                    return ExitCodes.Success;
                }
                var job = new EmbeddingJob(
                    from.FullName,
                    parsed.GetValue(output)!.FullName,
                    parsed.GetValue(onError) == "skip" ? FailureAction.Skip : FailureAction.Fail
                );
                RemarkOnIds(terminal, job.Rows);
                using var embedder = model.Load(parsed);
                if (parsed.GetValue(overwrite))
                    job.DiscardOutput();
                var outcome = await ProgressReport.RunAsync(terminal, "rows", progress =>
                    job.RunAsync(embedder, model.Describe(parsed), new Begin(terminal, progress), cancellationToken)
                );
                if (parsed.GetValue(json))
                    terminal.WriteJson(ToJson(job, outcome));
                Report(terminal, job, outcome);
                return ExitCodes.Success;
            }
        );
        return command;
    }

    private static void RemarkOnIds(Terminal terminal, IReadOnlyList<EmbeddingRow> rows)
    {
        var repeated = rows.Where(row => row.Id is not null)
            .GroupBy(row => row.Id, StringComparer.Ordinal)
            .Where(same => same.Count() > 1)
            .ToList();
        if (repeated is not [var first, ..])
            return;
        terminal.Remark(
            $"{repeated.Count} id{(repeated.Count == 1 ? " is" : "s are")} on several lines: '{first.Key}' on lines "
                + $"{string.Join(", ", first.Take(3).Select(row => row.Line))}. "
                + "Each row is embedded; tell them apart by their order."
        );
    }

    /// <exception cref="CliException">Rows failed and are not to be skipped.</exception>
    private static void Report(Terminal terminal, EmbeddingJob job, EmbeddingJobOutcome outcome)
    {
        if (outcome.WasComplete)
        {
            terminal.Remark($"{job.Output} is complete already.");
            return;
        }
        FailureList.Print(terminal, "row", outcome.Failures.Select(failure => $"{job.Input}, line {failure.Line}: {failure.Problem}"));
        var failed = outcome.Failures.Count;
        if (!outcome.IsWritten)
            throw new CliException(
                $"{failed} of {outcome.Rows} rows cannot be embedded, so {job.Output} is not written; the other "
                    + $"{outcome.Rows - failed} are kept. "
                    + "Mend those rows and run the same command again, which embeds only them, or add --on-error skip."
            );
        terminal.Remark(
            $"Wrote {outcome.Rows} row{(outcome.Rows == 1 ? "" : "s")} to "
                + $"{job.Output}{(failed == 0 ? "" : $", {failed} of them with an error instead of an embedding")}."
        );
    }

    private static JsonObject ToJson(EmbeddingJob job, EmbeddingJobOutcome outcome) =>
        new()
        {
            ["output"] = outcome.IsWritten ? job.Output : null,
            ["rows"] = outcome.Rows,
            ["kept"] = outcome.Kept,
            ["embedded"] = outcome.Rows - outcome.Kept - outcome.Failures.Count,
            ["failed"] = new JsonArray([
                .. outcome.Failures.Select(failure =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["line"] = failure.Line,
                            ["id"] = failure.Id,
                            ["error"] = failure.Problem,
                        }
                ),
            ]),
        };

    /// <summary>Hands progress on, and says once where a run resumes.</summary>
    private sealed class Begin(Terminal terminal, IProgress<EmbeddingProgress> progress) : IProgress<EmbeddingProgress>
    {
        private bool _hasBegun;

        public void Report(EmbeddingProgress value)
        {
            if (!_hasBegun && value.Completed > 0)
                terminal.Remark($"Resuming after {value.Completed} of {value.Total} rows.");
            _hasBegun = true;
            progress.Report(value);
        }
    }
}
