using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Rge.Cli.Verbs;

/// <summary><c>rge rank</c>: a query against candidates, the rationale first.</summary>
internal static class RankVerb
{
    public static Command Create(Terminal terminal)
    {
        var (model, query) = (new ModelOptions(), new QueryOptions());
        var candidates = new Option<string[]>("--candidates", "-c")
        {
            Description = "What to rank: texts, picture files, or folders of pictures.",
            AllowMultipleArgumentsPerToken = true,
            Required = true,
        };
        var instruction = new Option<string?>("--candidate-instruction") { Description = "What the model is told to do with each candidate." };
        var top = new Option<int>("--top") { Description = "Candidates to show.", DefaultValueFactory = _ => 10 };
        var json = CommonOptions.Json();
        var command = new Command("rank", "Rank candidates by a query: shows the rationale as it is written, then the candidates, best first.") { candidates, instruction, top, json };
        query.AddTo(command);
        model.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var item = query.Read(parsed, ItemRole.Query);
            var ranked = parsed.GetRequiredValue(candidates).SelectMany(value => Candidate.Read(value, parsed.GetValue(instruction))).ToList();
            using var embedder = model.Load(parsed);
            var watch = Stopwatch.StartNew();
            var asJson = parsed.GetValue(json);
            var embedding = asJson ? await embedder.EmbedAsync(item, cancellationToken: cancellationToken) : await RationalePrinter.PrintAsync(
                terminal, embedder.StreamAsync(item, cancellationToken: cancellationToken).Select(update => (update.Text, update.Embedding)), result => result, cancellationToken);
            var querySeconds = watch.Elapsed.TotalSeconds;
            var vectors = await ProgressReport.RunAsync(terminal, "candidates", progress => embedder.EmbedAsync(
                [.. ranked.Select(c => c.Item)], new ReasoningEmbeddingOptions { Progress = progress }, cancellationToken));
            var ranking = Ranking.Of(embedding.Vector, vectors.Select(v => v.Vector));
            if (asJson) terminal.WriteJson(ToJson(embedding, ranked, ranking));
            else Print(terminal, ranked, ranking, parsed.GetValue(top));
            if (!asJson) terminal.Remark(string.Create(CultureInfo.InvariantCulture, $"query {querySeconds:f1} s ({embedding.PromptTokens} prompt tokens, {embedding.RationaleIds.Count} of rationale), {ranked.Count} candidates {watch.Elapsed.TotalSeconds - querySeconds:f1} s"));
            return RgeCommand.Success;
        });
        return command;
    }

    private static void Print(Terminal terminal, IReadOnlyList<Candidate> candidates, IReadOnlyList<RankedCandidate> ranking, int top)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn(new TableColumn("rank").RightAligned()).AddColumn(new TableColumn("cosine").RightAligned()).AddColumn("candidate");
        foreach (var (place, ranked) in ranking.Take(top).Index())
            table.AddRow(
                (place + 1).ToString(CultureInfo.InvariantCulture), ranked.Score.ToString("f4", CultureInfo.InvariantCulture), Markup.Escape(candidates[ranked.Index].Label));
        terminal.Output.Write(table);
        if (ranking.Count > top) terminal.RawOutput.WriteLine($"and {ranking.Count - top} more");
    }

    private static JsonObject ToJson(ReasoningEmbedding query, IReadOnlyList<Candidate> candidates, IReadOnlyList<RankedCandidate> ranking) => new()
    {
        ["rationale"] = query.Rationale,
        ["rationale_tokens"] = query.RationaleIds.Count,
        ["prompt_tokens"] = query.PromptTokens,
        ["ranking"] = new JsonArray([.. ranking.Select((ranked, place) => (JsonNode)new JsonObject
        {
            ["rank"] = place + 1,
            ["score"] = ranked.Score,
            ["index"] = ranked.Index,
            ["candidate"] = candidates[ranked.Index].Label,
        })]),
    };
}
