using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Search;
using Rge.Search.Indexing;

namespace Rge.Cli.Verbs;

/// <summary><c>rge index</c>: fills a collection with the items of a folder or a JSON Lines file.</summary>
internal static class IndexVerb
{
    public static Command Create(Terminal terminal)
    {
        var (collection, model) = (new CollectionOptions(), new ModelOptions(writesRationales: false));
        var source = new Argument<string>("SOURCE")
        {
            Description = $"A folder of pictures ({ItemFile.PictureExtensions}) and texts (.txt), or JSON Lines with id, text, image, images and metadata.",
        };
        var sourceName = new Option<string?>("--source-name") { Description = "Name of the source, for machines that see one folder under different paths.  [default: its full path]" };
        var instruction = new Option<string?>("--instruction") { Description = "What the model is told to do with each item; fixed when the collection is made." };
        var dimensions = new Option<int?>("--dimensions") { Description = "Values of a vector, fewer than the model has; fixed when the collection is made." };
        var index = new Option<string?>("--index") { Description = "How PostgreSQL searches, exact unless given; fixed when the collection is made." };
        index.AcceptOnlyFromAmong([.. SearchNames.Indexes.Keys]);
        var metadata = new Option<string[]>("--metadata") { Description = "KEY=VALUE for every item, to filter by; may be given several times.", AllowMultipleArgumentsPerToken = true };
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Say of each file or row when it is stored, on the error stream." };
        var json = CommonOptions.Json();
        var command = new Command("index", "Index a folder or a JSON Lines file, so that rge search finds what is in it; run again, it takes up what has changed.")
        {
            source, sourceName, instruction, dimensions, index, metadata, verbose, json,
        };
        collection.AddTo(command);
        model.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var items = ItemSource.Open(parsed.GetRequiredValue(source), parsed.GetValue(sourceName));
            var options = new IndexOptions { Metadata = [.. (parsed.GetValue(metadata) ?? []).Select(Entry)] };
            using var collections = collection.Open(parsed, mustExist: false);
            using var embedder = model.Load(parsed);
            var identity = CollectionIdentity.Of(embedder, parsed.GetValue(dimensions));
            // What is not said is as the collection has it.
            if ((await collections.ListAsync(cancellationToken)).TryGetValue(collection.Name(parsed), out var known))
                identity = known with { Model = identity.Model, Fingerprint = identity.Fingerprint, Dimensions = parsed.GetValue(dimensions) ?? known.Dimensions };
            identity = identity with
            {
                Instruction = parsed.GetValue(instruction) ?? identity.Instruction,
                Index = parsed.GetValue(index) is { } named ? SearchNames.Indexes[named] : identity.Index,
            };
            using var opened = await collections.CreateAsync(collection.Name(parsed), identity, cancellationToken);
            var indexer = new Indexer(opened, embedder, options);
            var outcome = await ProgressReport.RunAsync(terminal, "items", progress =>
                indexer.IndexAsync(items, new Reporter(terminal, progress, parsed.GetValue(verbose)), cancellationToken));
            if (parsed.GetValue(json)) terminal.WriteJson(ToJson(outcome));
            else Print(terminal, outcome);
            return RgeCommand.Success;
        });
        return command;
    }

    private static KeyValuePair<string, string> Entry(string text) =>
        text.IndexOf('=', StringComparison.Ordinal) is > 0 and var end ? KeyValuePair.Create(text[..end], text[(end + 1)..]) : throw new CliException($"--metadata is '{text}', expected KEY=VALUE.");

    private static void Print(Terminal terminal, IndexOutcome outcome)
    {
        terminal.RawOutput.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{outcome.Stored} stored ({outcome.Embedded} embedded), {outcome.Unchanged} unchanged, {outcome.Removed} removed, {outcome.Broken.Count} broken"));
        foreach (var broken in outcome.Broken) terminal.RawOutput.WriteLine($"broken: {broken.Place}: {broken.Problem}");
    }

    private static JsonObject ToJson(IndexOutcome outcome) => new()
    {
        ["stored"] = outcome.Stored,
        ["embedded"] = outcome.Embedded,
        ["unchanged"] = outcome.Unchanged,
        ["removed"] = outcome.Removed,
        ["broken"] = new JsonArray([.. outcome.Broken.Select(broken => (JsonNode)new JsonObject { ["place"] = broken.Place, ["problem"] = broken.Problem })]),
    };

    private sealed class Reporter(Terminal terminal, IProgress<EmbeddingProgress> bar, bool verbose) : IProgress<IndexProgress>
    {
        public void Report(IndexProgress value)
        {
            bar.Report(new EmbeddingProgress(value.Done, value.Total, 0));
            if (value.Remark is not null) terminal.Remark(value.Remark);
            if (!verbose) return;
            foreach (var name in value.Stored) terminal.RawError.WriteLine($"stored {name}");
            terminal.RawError.Flush();
        }
    }
}
