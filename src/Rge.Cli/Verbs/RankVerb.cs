using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Files;
using Spectre.Console;

namespace Rge.Cli.Verbs;

/// <summary><c>rge rank</c>: a query against candidates, the rationale first.</summary>
internal static class RankVerb
{
    public static Command Create(Terminal terminal)
    {
        var (model, query, candidates) = (new ModelOptions(), new QueryOptions(), new CandidateOptions());
        var onError = CommonOptions.OnError(
            "skip ranks without candidates that cannot be read, and lists them; fail ranks nothing then.",
            skips: true
        );
        var top = new Option<int>("--top") { Description = "Candidates to show.", DefaultValueFactory = _ => 10 };
        CommonOptions.AtLeast(top, 1);
        var reranker = new RerankerChoice("--rerank", "Orders the best candidates anew by its scores.");
        var rerankTop = new Option<int>("--rerank-top")
        {
            Description = "How many of the best candidates are reranked.",
            DefaultValueFactory = _ => 20,
        };
        CommonOptions.AtLeast(rerankTop, 1);
        var json = CommonOptions.Json();
        var command = new Command(
            "rank",
            "Rank candidates by a query: shows the rationale as it is written, then the candidates, best first."
        );
        query.AddTo(command);
        candidates.AddTo(command);
        foreach (var option in (Option[])[top, onError, json])
            command.Add(option);
        reranker.AddTo(command, rerankTop);
        model.AddTo(command);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var item = query.Read(parsed, ItemRole.Query);
                var fails = parsed.GetValue(onError) == "fail";
                var (named, problems) = candidates.Read(parsed);
                if (fails && problems is [var first, ..])
                    throw new CliException(first.Problem);
                if (named.Count == 0)
                    throw NothingLeft(problems);
                using var embedder = model.Load(parsed);
                using var judge = reranker.IsGiven(parsed) ? reranker.Load(parsed, model) : null;
                var watch = Stopwatch.StartNew();
                var asJson = parsed.GetValue(json);
                var embedding = asJson
                    ? await embedder.EmbedAsync(item, cancellationToken: cancellationToken)
                    : await RationalePrinter.PrintAsync(
                        terminal,
                        embedder.StreamAsync(item, cancellationToken: cancellationToken).Select(update => (update.Text, update.Embedding)),
                        result => result,
                        cancellationToken
                    );
                var querySeconds = watch.Elapsed.TotalSeconds;
                var results = await ProgressReport.RunAsync(terminal, "candidates", progress =>
                    embedder.TryEmbedAsync(
                        [.. named.Select(c => c.Item)],
                        new ReasoningEmbeddingOptions { Progress = progress },
                        cancellationToken
                    )
                );
                problems =
                [
                    .. problems,
                    .. from pair in named.Zip(results)
                    where !pair.Second.Succeeded
                    select new CandidateProblem(pair.First.Name, pair.First.Problem(pair.Second.Error!.Problem)),
                ];
                if (fails && problems is [var failed, ..])
                    throw new CliException(failed.Problem);
                var (ranked, vectors) = (new List<Candidate>(), new List<ReadOnlyMemory<float>>());
                foreach (var (candidate, result) in named.Zip(results).Where(pair => pair.Second.Succeeded))
                {
                    ranked.Add(candidate);
                    vectors.Add(result.Embedding!.Vector);
                }
                if (ranked.Count == 0)
                    throw NothingLeft(problems);
                var similar = Ranking.Rank(embedding.Vector, vectors);
                IReadOnlyList<RerankedCandidate> ranking = [.. similar.Select(place => new RerankedCandidate(place.Index, place.Score))];
                if (judge is not null)
                    ranking = await RerankAsync(terminal, judge, item, ranked, similar, parsed.GetValue(rerankTop), cancellationToken);
                problems =
                [
                    .. problems,
                    .. from place in ranking
                    where place.Error is not null
                    select new CandidateProblem(ranked[place.Index].Name, ranked[place.Index].Problem(place.Error!.Problem)),
                ];
                if (fails && problems is [var unscored, ..])
                    throw new CliException(unscored.Problem);
                if (asJson)
                    terminal.WriteJson(ToJson(embedding, ranked, ranking, problems));
                else
                {
                    Print(terminal, ranked, ranking, parsed.GetValue(top));
                    terminal.Remark(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"query {querySeconds:f1} s ({embedding.PromptTokens} prompt tokens, {embedding.RationaleIds.Count} of "
                                + $"rationale), {Count(ranked)} {watch.Elapsed.TotalSeconds - querySeconds:f1} s"
                        )
                    );
                }
                FailureList.Print(terminal, "candidate", problems.Select(problem => problem.Problem));
                return ExitCodes.Success;
            }
        );
        return command;
    }

    private static Task<IReadOnlyList<RerankedCandidate>> RerankAsync(
        Terminal terminal,
        Reranker reranker,
        EmbeddingInput query,
        IReadOnlyList<Candidate> candidates,
        IReadOnlyList<RankedCandidate> ranking,
        int top,
        CancellationToken cancellationToken
    ) =>
        ProgressReport.RunAsync(terminal, "reranking", progress =>
            Ranking.RerankAsync(
                ranking,
                reranker,
                query,
                [.. candidates.Select(candidate => candidate.Item)],
                top,
                new Relay<int>(done => progress.Report(new EmbeddingProgress(done, Math.Min(top, ranking.Count), 0))),
                cancellationToken
            )
        );

    private static CliException NothingLeft(IReadOnlyList<CandidateProblem> problems) =>
        new($"None of the {problems.Count} candidates can be ranked. The first: {problems[0].Problem}");

    /// <summary>"2 texts and 1 image", so that a file name that was taken for a text is noticed.</summary>
    private static string Count(IReadOnlyList<Candidate> candidates) =>
        string.Join(
            " and ",
            candidates
                .GroupBy(c => c.Kind, StringComparer.Ordinal)
                .Select(kind => $"{kind.Count()} {kind.Key}{(kind.Count() == 1 ? "" : "s")}")
        );

    private static void Print(Terminal terminal, IReadOnlyList<Candidate> candidates, IReadOnlyList<RerankedCandidate> ranking, int top)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumn(new TableColumn("rank").RightAligned());
        var isReranked = ranking.Any(place => place.Score is not null);
        if (isReranked)
            table.AddColumn(new TableColumn("score").RightAligned());
        table.AddColumn(new TableColumn("cosine").RightAligned()).AddColumn("candidate");
        var ambiguous = candidates
            .GroupBy(c => c.Label, StringComparer.Ordinal)
            .Where(same => same.Count() > 1)
            .Select(same => same.Key)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var (place, ranked) in ranking.Take(top).Index())
        {
            var candidate = candidates[ranked.Index];
            var label = candidate.Path is { } path && ambiguous.Contains(candidate.Label) ? path : candidate.Label;
            string[] cells =
            [
                (place + 1).ToString(CultureInfo.InvariantCulture),
                .. isReranked ? [ranked.Score?.ToString("f4", CultureInfo.InvariantCulture) ?? ""] : (string[])[],
                ranked.Similarity.ToString("f4", CultureInfo.InvariantCulture),
                Markup.Escape(label),
            ];
            table.AddRow(cells);
        }
        terminal.Output.Write(table);
        if (ranking.Count > top)
            terminal.RawOutput.WriteLine($"and {ranking.Count - top} more");
    }

    private static JsonObject ToJson(
        ReasoningEmbedding query,
        IReadOnlyList<Candidate> candidates,
        IReadOnlyList<RerankedCandidate> ranking,
        IReadOnlyList<CandidateProblem> problems
    ) =>
        new()
        {
            ["rationale"] = query.Rationale,
            ["rationale_tokens"] = query.RationaleIds.Count,
            ["prompt_tokens"] = query.PromptTokens,
            ["ranking"] = new JsonArray([.. ranking.Select((ranked, place) => ToJson(candidates[ranked.Index], ranked, place + 1))]),
            ["failed"] = new JsonArray([
                .. problems.Select(problem => (JsonNode)new JsonObject { ["candidate"] = problem.Candidate, ["error"] = problem.Problem }),
            ]),
        };

    private static JsonObject ToJson(Candidate candidate, RerankedCandidate ranked, int rank)
    {
        var json = new JsonObject
        {
            ["rank"] = rank,
            ["score"] = ranked.Similarity,
            ["index"] = ranked.Index,
            ["candidate"] = candidate.Label,
            ["kind"] = candidate.Kind,
            ["path"] = candidate.Path,
        };
        if (ranked.Score is { } score)
            json["rerank_score"] = score;
        return json;
    }
}
