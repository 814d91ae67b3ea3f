using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Rge.Reports;

namespace Rge.Oracle;

/// <summary>What has become of the rows of a run: counts, reasons, examples, tokens and cost.</summary>
public sealed class RationaleReport
{
    private const int ExamplesOfReason = 3,
        MaxReasons = 20;

    private readonly RationaleSettings _settings;
    private readonly ChatClientMetadata? _writer;
    private readonly OraclePrompt _prompt;
    private readonly (long Input, long Output) _tokens;

    internal RationaleReport(
        RationaleSettings settings,
        ChatClientMetadata? writer,
        OraclePrompt prompt,
        IReadOnlyList<RationaleResult> results,
        (long Input, long Output) tokens
    ) => (_settings, _writer, _prompt, Results, _tokens) = (settings, writer, prompt, results, tokens);

    /// <summary>Rows that were to have a rationale.</summary>
    public int Rows => Results.Count;

    /// <summary>Rows that have one to learn from.</summary>
    public int Kept => Count(RationaleState.Kept);

    internal IReadOnlyList<RationaleResult> Results { get; }

    /// <summary>Everything, for people.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder($"# Rationales\n\n{Summary()}\n\n{Datasets().ToMarkdown()}");
        foreach (var table in (ReportTable[])[Rejections(), Failures(), Verification()])
            if (table.Rows.Count > 0)
                text.Append('\n').Append(table.ToMarkdown());
        if (Examples().ToArray() is { Length: > 0 } examples)
        {
            text.Append("\n## Examples of what is not kept\n");
            foreach (var (reason, results) in examples)
            {
                text.Append(CultureInfo.InvariantCulture, $"\n{reason}\n\n");
                foreach (var result in results)
                    text.Append(CultureInfo.InvariantCulture, $"- {Place(result)} ({Code(result.Detail)}): {Code(result.Rationale!)}\n");
            }
        }
        return text.Append("\n## The prompt\n\n```\n").Append(_prompt.Text.TrimEnd()).Append("\n```\n").ToString();
    }

    /// <summary>Everything, for programs.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["model"] = _writer?.DefaultModelId,
            ["endpoint"] = _writer?.ProviderUri?.GetLeftPart(UriPartial.Path),
            ["rows"] = Rows,
            ["kept"] = Kept,
            ["rejected"] = Counts(Results.Where(result => result.State is RationaleState.Rejected or RationaleState.NoHelp), result =>
                result.Reason
            ),
            ["refused"] = Counts(Results.Where(result => result.State == RationaleState.Refused), result => result.Detail),
            ["failed"] = Counts(Results.Where(result => result.State == RationaleState.Failed), result => result.Detail),
            ["not_asked"] = Count(RationaleState.NotAsked),
            ["datasets"] = new JsonObject(
                ByDataset()
                    .Select(group =>
                        KeyValuePair.Create(
                            group.Key,
                            (JsonNode?)
                                new JsonObject
                                {
                                    ["rows"] = group.Count(),
                                    ["kept"] = group.Count(result => result.State == RationaleState.Kept),
                                    ["rejected"] = Counts(
                                        group.Where(result => result.State is RationaleState.Rejected or RationaleState.NoHelp),
                                        result => result.Reason
                                    ),
                                    ["refused"] = group.Count(result => result.State == RationaleState.Refused),
                                    ["failed"] = group.Count(result => result.State == RationaleState.Failed),
                                    ["not_asked"] = group.Count(result => result.State == RationaleState.NotAsked),
                                }
                        )
                    )
            ),
            ["verification"] = VerificationJson(),
            ["input_tokens"] = _tokens.Input,
            ["output_tokens"] = _tokens.Output,
            ["cost"] = Cost,
            ["rules"] = new JsonObject
            {
                ["min_words"] = _settings.Rules.MinWords,
                ["max_words"] = _settings.Rules.MaxWords,
                ["min_latin_share"] = _settings.Rules.MinLatinShare,
                ["min_own_share"] = _settings.Rules.MinOwnShare,
                ["conclusion_words"] = new JsonArray([.. _settings.Rules.ConclusionWords.Select(word => (JsonNode)word)]),
            },
            ["examples"] = new JsonObject(
                Examples()
                    .Select(example =>
                        KeyValuePair.Create(
                            example.Reason,
                            (JsonNode?)
                                new JsonArray([
                                    .. example.Results.Select(result =>
                                        (JsonNode)
                                            new JsonObject
                                            {
                                                ["dataset"] = result.Row.Dataset,
                                                ["row"] = result.Row.Number,
                                                ["detail"] = result.Detail,
                                                ["rationale"] = result.Rationale,
                                            }
                                    ),
                                ])
                        )
                    )
            ),
            ["prompt"] = _prompt.Text,
        };

    /// <summary>The counts in one sentence or two.</summary>
    public string Summary()
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"{Kept} of {Rows} rows have a rationale to learn from"));
        foreach (
            var (state, words) in (ReadOnlySpan<(RationaleState, string)>)
                [
                    (RationaleState.Rejected, "rejected"),
                    (RationaleState.NoHelp, "of no help to the model"),
                    (RationaleState.Refused, "refused"),
                    (RationaleState.Failed, "without an answer"),
                    (RationaleState.NotAsked, "not asked about"),
                ]
        )
            if (Count(state) is > 0 and var count)
                text.Append(CultureInfo.InvariantCulture, $", {count} {words}");
        text.Append(CultureInfo.InvariantCulture, $". {_tokens.Input} tokens sent, {_tokens.Output} written");
        if (Cost is { } cost)
            text.Append(CultureInfo.InvariantCulture, $", cost {cost:0.00##}");
        return text.Append('.').ToString();
    }

    private decimal? Cost => (_settings.InputPrice, _settings.OutputPrice) is (0, 0) ? null : _settings.Cost(_tokens.Input, _tokens.Output);

    private ReportTable Datasets() =>
        new(
            "Rows",
            $"Written by {_writer?.DefaultModelId ?? "a model"} at {_writer?.ProviderUri?.GetLeftPart(UriPartial.Path) ?? "an endpoint"}.",
            ["dataset", "rows", "kept", "rejected", "no help", "refused", "no answer", "not asked"],
            [.. ByDataset().Select(group => Line(group.Key, group)), Line("all", Results)]
        );

    private static string[] Line(string name, IEnumerable<RationaleResult> results)
    {
        var counts = results.CountBy(result => result.State).ToDictionary();
        return
        [
            name,
            Number(counts.Values.Sum()),
            .. (
                (RationaleState[])
                    [
                        RationaleState.Kept,
                        RationaleState.Rejected,
                        RationaleState.NoHelp,
                        RationaleState.Refused,
                        RationaleState.Failed,
                        RationaleState.NotAsked,
                    ]
            ).Select(state => Number(counts.GetValueOrDefault(state))),
        ];
    }

    private ReportTable Rejections() =>
        Reasons(
            "Why rationales are not kept",
            "Each counts once, by the first check that it fails; rejected.jsonl has them all.",
            Results.Where(result => result.State is RationaleState.Rejected or RationaleState.NoHelp),
            result => result.Reason
        );

    private ReportTable Failures() =>
        Reasons(
            "Why rows have no rationale",
            "The next run asks again about rows without an answer, and with --retry about refused ones; failed.jsonl has them all.",
            Results.Where(result => result.State is RationaleState.Failed or RationaleState.Refused),
            result => $"{result.Reason}: {result.Detail}"
        );

    private ReportTable Reasons(string title, string note, IEnumerable<RationaleResult> results, Func<RationaleResult, string> reason) =>
        new(
            title,
            note,
            ["reason", "rows", "of all"],
            [
                .. results
                    .CountBy(reason, StringComparer.Ordinal)
                    .OrderByDescending(count => count.Value)
                    .Take(MaxReasons)
                    .Select(count => (string[])[count.Key, Number(count.Value), Share(count.Value, Rows)]),
            ]
        );

    private ReportTable Verification()
    {
        RationaleVerdict[] verdicts = [.. Ranked()];
        return new(
            "What the rationales do for the model",
            $"The right target's rank among the row's hard negatives and {_settings.Verifier?.Candidates} targets of its dataset (as "
                + $"far as there are so many, seed {_settings.Verifier?.Seed}), with the rationale and without one.",
            ["outcome", "rows", "of all"],
            verdicts.Length == 0
                ? []
                :
                [
                    Row("better rank: kept", verdicts.Count(verdict => verdict.RankWith < verdict.RankWithout)),
                    Row(
                        "first before and after, no smaller margin: kept",
                        verdicts.Count(verdict => verdict.Helps && verdict.RankWithout == 1)
                    ),
                    Row(
                        "first before and after, smaller margin",
                        verdicts.Count(verdict => !verdict.Helps && verdict is { RankWithout: 1, RankWith: 1 })
                    ),
                    Row("same rank, not first", verdicts.Count(verdict => verdict.RankWith == verdict.RankWithout && verdict.RankWith > 1)),
                    Row("worse rank", verdicts.Count(verdict => verdict.RankWith > verdict.RankWithout)),
                    Row("hit@1 without", verdicts.Count(verdict => verdict.RankWithout == 1)),
                    Row("hit@1 with", verdicts.Count(verdict => verdict.RankWith == 1)),
                ]
        );

        string[] Row(string name, int count) => [name, Number(count), Share(count, verdicts.Length)];
    }

    private JsonObject? VerificationJson()
    {
        if (_settings.Verifier is not { } verifier)
            return null;
        RationaleVerdict[] verdicts = [.. Ranked()];
        return new JsonObject
        {
            ["rows"] = verdicts.Length,
            ["kept"] = verdicts.Count(verdict => verdict.Helps),
            ["better_rank"] = verdicts.Count(verdict => verdict.RankWith < verdict.RankWithout),
            ["same_rank"] = verdicts.Count(verdict => verdict.RankWith == verdict.RankWithout),
            ["worse_rank"] = verdicts.Count(verdict => verdict.RankWith > verdict.RankWithout),
            ["first_without"] = verdicts.Count(verdict => verdict.RankWithout == 1),
            ["first_with"] = verdicts.Count(verdict => verdict.RankWith == 1),
            ["candidates"] = verifier.Candidates,
            ["seed"] = verifier.Seed,
        };
    }

    private IEnumerable<RationaleVerdict> Ranked() =>
        Results.Select(result => result.Verdict).OfType<RationaleVerdict>().Where(verdict => verdict.Problem is null);

    private IEnumerable<(string Reason, RationaleResult[] Results)> Examples() =>
        Results
            .Where(result => result is { Rationale.Length: > 0, State: RationaleState.Rejected or RationaleState.NoHelp })
            .GroupBy(result => result.Reason, StringComparer.Ordinal)
            .Select(group => (group.Key, group.Take(ExamplesOfReason).ToArray()));

    private IEnumerable<IGrouping<string, RationaleResult>> ByDataset() =>
        Results.GroupBy(result => result.Row.Dataset, StringComparer.Ordinal);

    private int Count(RationaleState state) => Results.Count(result => result.State == state);

    private static JsonObject Counts(IEnumerable<RationaleResult> results, Func<RationaleResult, string> what) =>
        new(
            results
                .CountBy(what, StringComparer.Ordinal)
                .OrderByDescending(count => count.Value)
                .Select(count => KeyValuePair.Create(count.Key, (JsonNode?)count.Value))
        );

    private static string Place(RationaleResult result) =>
        string.Create(CultureInfo.InvariantCulture, $"{result.Row.Dataset}, row {result.Row.Number}");

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Share(int part, int whole) => (part / (double)Math.Max(1, whole)).ToString("P1", CultureInfo.InvariantCulture);

    /// <summary>What a model wrote, so that it is no markup of the page.</summary>
    private static string Code(string text)
    {
        var longest = text.Length <= 400 ? text : text[..400] + "…";
        return $"`` {longest.Replace('`', '\'')} ``";
    }
}
