using System.CommandLine;
using System.Text.Json.Nodes;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Search;
using Rge.Search.Indexing;

namespace Rge.Cli.Verbs;

/// <summary><c>rge index</c>: fills a collection with the items of a folder or a JSON Lines file.</summary>
internal static class IndexVerb
{
    /// <summary>Broken files and rows that are listed for people.</summary>
    private const int MostListed = 100;

    public static Command Create(Terminal terminal)
    {
        var (collection, model) = (new CollectionOptions(), new ModelOptions(writesRationales: false));
        var source = new Argument<string>("SOURCE")
        {
            Description =
                $"A folder of images ({ItemFile.ImageExtensions}) and texts (.txt), or JSON Lines with id, text, image, images and "
                + "metadata.",
        };
        var sourceName = new Option<string?>("--source-name")
        {
            Description = "Name of the source, for machines that see one folder under different paths.  [default: its full path]",
        };
        var instruction = new Option<string?>("--instruction")
        {
            Description = "The instruction that the model reads with each item; fixed when the collection is made.",
        };
        var dimensions = new Option<int?>("--dimensions")
        {
            Description = "Values of a vector, fewer than the model has; fixed when the collection is made.",
        };
        var index = new Option<string?>("--index")
        {
            Description = "How PostgreSQL searches, exact unless given; fixed when the collection is made.",
        };
        index.AcceptOnlyFromAmong([.. SearchNames.Indexes.Keys]);
        var metadata = new Option<string[]>("--metadata")
        {
            Description = "KEY=VALUE for every item, to filter by; may be given several times.",
            AllowMultipleArgumentsPerToken = true,
        };
        metadata.Validators.Add(result =>
        {
            foreach (
                var entry in result.Tokens.Select(token => token.Value).Where(entry => entry.IndexOf('=', StringComparison.Ordinal) <= 0)
            )
                result.AddError($"--metadata is '{entry}', expected KEY=VALUE.");
        });
        var onError = new Option<string?>("--on-error")
        {
            Description =
                "What to do with files and rows that cannot be indexed: skip lists them and counts as a success, fail ends at the "
                + "first. Unless given, they are listed and the exit code is 1.",
        };
        onError.AcceptOnlyFromAmong("skip", "fail");
        var allowEmpty = new Option<bool>("--allow-empty")
        {
            Description =
                "Remove what the source had, although it or a folder of it is empty now; otherwise that is taken for a disk "
                + "that is not mounted.",
        };
        var allowRemovals = new Option<bool>("--allow-removals")
        {
            Description = "Remove what is no longer in the source, although it is most of what the collection has of it.",
        };
        var verbose = new Option<bool>("--verbose", "-v")
        {
            Description = "Say of each file or row when it is stored, on the error stream.",
        };
        var json = CommonOptions.Json();
        var command = new Command(
            "index",
            "Index a folder or a JSON Lines file, so that rge search finds what is in it; run again, it takes up what has changed."
        )
        {
            source,
            sourceName,
            instruction,
            dimensions,
            index,
            metadata,
            onError,
            allowEmpty,
            allowRemovals,
            verbose,
            json,
        };
        collection.AddTo(command);
        model.AddTo(command);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var items = ItemSource.Open(parsed.GetRequiredValue(source), parsed.GetValue(sourceName));
                var options = new IndexOptions
                {
                    Metadata = [.. (parsed.GetValue(metadata) ?? []).Select(Entry)],
                    AllowEmpty = parsed.GetValue(allowEmpty),
                    AllowRemovals = parsed.GetValue(allowRemovals),
                    StopsAtBroken = parsed.GetValue(onError) == "fail",
                };
                using var collections = collection.Open(parsed, terminal, mustExist: false);
                using var embedder = model.Load(parsed);
                var identity = CollectionIdentity.For(embedder, parsed.GetValue(dimensions));
                // What is not said is as the collection has it.
                if ((await collections.ListAsync(cancellationToken)).TryGetValue(collection.Name(parsed), out var known))
                    identity = known with
                    {
                        Model = identity.Model,
                        Fingerprint = identity.Fingerprint,
                        Dimensions = parsed.GetValue(dimensions) ?? known.Dimensions,
                    };
                identity = identity with
                {
                    Instruction = parsed.GetValue(instruction) ?? identity.Instruction,
                    Index = parsed.GetValue(index) is { } named ? SearchNames.Indexes[named] : identity.Index,
                };
                using var opened = await collections.CreateAsync(collection.Name(parsed), identity, cancellationToken);
                var indexer = new Indexer(opened, embedder, options);
                var outcome = await ProgressReport.RunAsync(terminal, "items", progress =>
                    indexer.IndexAsync(items, new Reporter(terminal, progress, parsed.GetValue(verbose)), cancellationToken)
                );
                if (parsed.GetValue(json))
                    terminal.WriteJson(ToJson(outcome));
                else
                    Print(terminal, outcome);
                string[] problems = [.. Problems(outcome, items.Name, options, isSkipAsked: parsed.GetValue(onError) == "skip")];
                return problems.Length == 0 ? ExitCodes.Success : throw new CliException(string.Join(' ', problems));
            }
        );
        return command;
    }

    private static KeyValuePair<string, string> Entry(string text) =>
        text.IndexOf('=', StringComparison.Ordinal) is var end ? KeyValuePair.Create(text[..end], text[(end + 1)..]) : default;

    /// <summary>Why a finished run is not a success.</summary>
    private static IEnumerable<string> Problems(IndexOutcome outcome, string source, IndexOptions options, bool isSkipAsked)
    {
        var kept = $"the collection has {outcome.Withheld} of it that are missing there, and nothing was removed";
        if (outcome.SourceIsEmpty && !options.AllowEmpty)
        {
            var holds = $"{source} holds nothing that can be indexed{(outcome.Unreadable.Count > 0 ? $" ({Unreadable(outcome)})" : "")}";
            yield return outcome.Withheld > 0
                ? $"{holds}; {kept}. Is a disk not mounted? If all of it is gone for good, run again with --allow-empty."
                : $"{holds}; if that is right, --allow-empty says so.";
        }
        // Said also where broken files are to be skipped: what was missed may be in a folder that could not be read.
        if (outcome.Hold == RemovalHold.Unlisted)
            yield return $"Not all of {source} could be listed, as the broken ones say: {kept}. Repair them and run again.";
        if (outcome.Hold == RemovalHold.EmptyFolder)
            yield return $"Folders in {source} hold nothing any more, though the collection has {outcome.Withheld} of them, which were "
                + "not removed. Is a disk not mounted? If they are gone for good, run again with --allow-empty.";
        if (outcome.Hold == RemovalHold.MostMissing)
            yield return $"Most of {source} no longer exists: {kept}. If they are gone for good, run again with --allow-removals.";
        if (outcome.Broken.Count > 0 && !isSkipAsked)
            yield return $"{outcome.Broken.Count} could not be indexed, as listed; the others were. With --on-error skip that counts "
                + "as a success.";
    }

    private static string Unreadable(IndexOutcome outcome) =>
        $"{string.Join(", ", outcome.Unreadable.Select(type => $"{type.Value} {type.Key}"))}: images of formats that cannot be read; "
        + "convert them to JPEG or PNG";

    private static void Print(Terminal terminal, IndexOutcome outcome)
    {
        terminal.RawOutput.WriteLine(outcome);
        foreach (var broken in outcome.Broken.Take(MostListed))
            terminal.RawOutput.WriteLine($"broken: {broken.Place}: {broken.Problem}");
        if (outcome.Broken.Count > MostListed)
            terminal.RawOutput.WriteLine($"broken: {outcome.Broken.Count - MostListed} more, which --json lists");
        if (outcome.Unreadable.Count > 0)
            terminal.RawOutput.WriteLine($"not read: {Unreadable(outcome)}");
    }

    private static JsonObject ToJson(IndexOutcome outcome) =>
        new()
        {
            ["stored"] = outcome.Stored,
            ["embedded"] = outcome.Embedded,
            ["unchanged"] = outcome.Unchanged,
            ["removed"] = outcome.Removed,
            ["withheld"] = outcome.Withheld,
            ["broken"] = new JsonArray([
                .. outcome.Broken.Select(broken => (JsonNode)new JsonObject { ["place"] = broken.Place, ["problem"] = broken.Problem }),
            ]),
            ["unreadable"] = new JsonObject(outcome.Unreadable.Select(type => KeyValuePair.Create(type.Key, (JsonNode?)type.Value))),
        };

    private sealed class Reporter(Terminal terminal, IProgress<EmbeddingProgress> bar, bool verbose) : IProgress<IndexProgress>
    {
        public void Report(IndexProgress value)
        {
            bar.Report(new EmbeddingProgress(value.Done, value.Total, 0));
            if (value.Remark is not null)
                terminal.Remark(value.Remark);
            if (!verbose)
                return;
            foreach (var name in value.Stored)
                terminal.RawError.WriteLine($"stored {name}");
            terminal.RawError.Flush();
        }
    }
}
