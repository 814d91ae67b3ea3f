using System.CommandLine;
using System.Globalization;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Data.Mmeb;
using Rge.Evaluation;
using Rge.Evaluation.Mmeb;

namespace Rge.Cli.Verbs;

/// <summary><c>rge eval</c>: MMEB as its users run it.</summary>
internal static class EvalVerb
{
    private const string NoRules = "none";

    private static readonly Dictionary<string, QueryRationale> Ablations = new(StringComparer.Ordinal)
    {
        ["none"] = QueryRationale.Written,
        ["conclusion-as-target"] = QueryRationale.ConclusionAsTarget,
        ["rationale-as-target"] = QueryRationale.RationaleAsTarget,
        ["shuffled"] = QueryRationale.Shuffled,
        ["filler"] = QueryRationale.Filler,
    };

    private static readonly string[] GroupNames =
    [
        MmebScores.InDistribution,
        MmebScores.OutOfDistribution,
        .. MmebBenchmark.Groups.Select(group => group.Name),
    ];

    public static Command Create(Terminal terminal)
    {
        var model = new ModelOptions();
        var data = new Option<DirectoryInfo>("--data")
        {
            Description = "Folder with a folder for each subset, as MMEB-eval has it: SUBSET/test-*.parquet, .jsonl or .json.",
            Required = true,
        };
        var images = new Option<DirectoryInfo?>("--images")
        {
            Description = "Folder that image paths count from; that of --data unless given.",
        };
        var output = new Option<DirectoryInfo>("--out", "-o")
        {
            Description =
                "Folder of scores, predictions and reports. A second run resumes in it; that of another model or other settings is "
                + "added to its report.",
            Required = true,
        };
        var subsets = new Option<string[]>("--subset")
        {
            Description = "Subsets to evaluate; all existing ones unless given.",
            AllowMultipleArgumentsPerToken = true,
        };
        var group = new Option<string?>("--group")
        {
            Description = "Evaluate the subsets of a meta-task, or those in or out of distribution.",
        };
        group.AcceptOnlyFromAmong(GroupNames);
        var queryRules = RulesOption("--query-rules", "queries");
        var candidateRules = RulesOption("--candidate-rules", "candidates");
        var failedItems = new Option<string>("--on-error", "--on-bad-image")
        {
            Description =
                "What to do with rows whose items cannot be embedded, since an image is missing or broken or a text is too long: an "
                + "error, or they are left out, counted and listed.",
            DefaultValueFactory = _ => "fail",
        };
        failedItems.AcceptOnlyFromAmong("fail", "skip");
        var ignored = CommonOptions.IgnoredColumns();
        var embeddings = new Option<string>("--embeddings")
        {
            Description = "Write the embeddings beside the scores, for other programs.",
            DefaultValueFactory = _ => "none",
        };
        embeddings.AcceptOnlyFromAmong("none", "npy", "safetensors");
        var cache = new Option<DirectoryInfo?>("--cache")
        {
            Description = "Folder in which embeddings are kept, to be shared by several --out; OUT/cache unless given.",
        };
        var ablation = new Option<string>("--ablation")
        {
            Description =
                "What takes the place of each query once its rationale is written, to tell what its embedding takes from that: its own "
                + "conclusion or rationale as target text, the query after another one's rationale, or after a filler of the same length.",
            DefaultValueFactory = _ => "none",
        };
        ablation.AcceptOnlyFromAmong([.. Ablations.Keys]);
        var samples = new Option<int>("--samples")
        {
            Description = "Rows of each subset that the report shows in full.",
            DefaultValueFactory = _ => 6,
        };
        CommonOptions.AtLeast(samples, 0);
        var sensitivity = new Option<bool>("--sensitivity")
        {
            Description =
                "Report how much embeddings follow their rationales: each query is embedded again after the rationale of another query, "
                + "and after the oracle's where the data has one.",
        };
        var json = CommonOptions.Json();
        var command = new Command(
            "eval",
            "Evaluate a model on MMEB: each query among the candidates of its row, hit@1. Whatever is embedded is kept, so that a run "
                + "that was stopped resumes where it was, and a report is written."
        )
        {
            data,
            images,
            output,
            subsets,
            group,
            queryRules,
            candidateRules,
            failedItems,
            ignored,
            embeddings,
            cache,
            ablation,
            sensitivity,
            samples,
            json,
        };
        model.AddTo(command);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var folder = parsed.GetRequiredValue(data).FullName;
                var target = OutputFolder.Check(parsed.GetRequiredValue(output).FullName);
                var chosen = Choose(folder, parsed.GetValue(subsets) ?? [], parsed.GetValue(group));
                var (asked, reasoning) = (parsed.GetRequiredValue(ablation), model.Reasoning(parsed));
                var reasons = reasoning != ReasoningMode.Off;
                var queries = Ablations[asked];
                if (reasoning == ReasoningMode.Auto)
                    (asked, queries) =
                        queries == QueryRationale.Written
                            ? ("auto", QueryRationale.Auto)
                            : throw new CliException($"--ablation {asked} needs a rationale of each query, expected --reasoning on.");
                if (queries != QueryRationale.Written && !reasons)
                    throw new CliException($"--ablation {asked} needs the rationales that the model writes, expected reasoning on.");
                if (parsed.GetValue(sensitivity) && (queries != QueryRationale.Written || !reasons))
                    throw new CliException("--sensitivity needs a rationale of each query, expected --reasoning on and no --ablation.");
                using var embedder = model.Load(parsed, new ReasoningEmbedderOptions { PrefetchItems = MmebEvaluation.ChunkItems });
                using var embeddingCache = new EmbeddingCache(parsed.GetValue(cache)?.FullName ?? Path.Combine(target, "cache"));
                var hasRules = model.Preset(parsed) == ModelPreset.Rge;
                var (rulesOfQueries, rulesOfCandidates) = (parsed.GetValue(queryRules), parsed.GetValue(candidateRules));
                var standard = hasRules ? "preset" : NoRules;
                var evaluation = new MmebEvaluation(
                    embedder,
                    embeddingCache,
                    new MmebEvaluationOptions
                    {
                        Subsets = chosen,
                        ImageFolder = parsed.GetValue(images)?.FullName ?? folder,
                        OutputFolder = target,
                        ModelIdentity = model.Identity(parsed, embedder),
                        ModelName = queries == QueryRationale.Written ? model.Name(parsed) : $"{model.Name(parsed)}-{asked}",
                        Reasoning = reasons,
                        Queries = queries,
                        MeasuresSensitivity = parsed.GetValue(sensitivity),
                        Generation = model.Generation(parsed),
                        QueryRules = Rules(rulesOfQueries, hasRules ? InstructionRules.QueryPreset : InstructionRules.None),
                        CandidateRules = Rules(rulesOfCandidates, hasRules ? InstructionRules.CandidatePreset : InstructionRules.None),
                        FailedItems = Enum.Parse<FailedItems>(parsed.GetRequiredValue(failedItems), ignoreCase: true),
                        IgnoredColumns = parsed.GetValue(ignored) ?? [],
                        Embeddings = Enum.Parse<EmbeddingFormat>(parsed.GetRequiredValue(embeddings), ignoreCase: true),
                        SampleRows = parsed.GetValue(samples),
                        Settings = Describe(asked, model.Describe(parsed), rulesOfQueries ?? standard, rulesOfCandidates ?? standard),
                    }
                );
                var scores = new MmebScores(await evaluation.RunAsync(new SubsetReport(terminal), cancellationToken));
                var paths = new MmebReport(target).Write();
                if (evaluation.Results!.Path != target)
                    terminal.Remark(
                        $"{target} has results of another model or other settings: these are called '{evaluation.Results.Name}' in its "
                            + $"report, and are in {evaluation.Results.Path}."
                    );
                foreach (var subset in evaluation.Unusable)
                    terminal.Remark(subset);
                var code = evaluation.Unusable.Count == 0 ? ExitCodes.Success : ExitCodes.Failure;
                if (parsed.GetValue(json))
                {
                    var document = scores.ToJson();
                    (document["model"], document["reasoning"], document["results"]) = (
                        evaluation.Results.Name,
                        reasons,
                        evaluation.Results.Path
                    );
                    terminal.WriteJson(document);
                    return code;
                }
                Print(terminal, scores);
                foreach (var path in paths)
                    terminal.RawOutput.WriteLine(path);
                return code;
            }
        );
        return command;
    }

    /// <summary>What the results depend on, for the report.</summary>
    private static OrderedDictionary<string, string> Describe(string ablation, string options, string queryRules, string candidateRules)
    {
        var settings = new OrderedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["options"] = options,
            ["query rules"] = queryRules,
            ["candidate rules"] = candidateRules,
        };
        if (ablation == "auto")
            settings["reasoning"] = ablation;
        else if (Ablations[ablation] != QueryRationale.Written)
            settings["in place of queries"] = ablation;
        return settings;
    }

    private static Option<string?> RulesOption(string name, string whose) =>
        new(name)
        {
            Description =
                $"YAML file of rules by which the texts of {whose} are rewritten, in the form of the RGE repository; 'none' for the "
                + "data's own texts. Unless given: the built-in rules for MMEB's subsets with the preset rge, none with others.",
        };

    private static InstructionRules Rules(string? given, InstructionRules builtIn) =>
        given switch
        {
            null => builtIn,
            NoRules => InstructionRules.None,
            _ => InstructionRules.Read(given),
        };

    /// <exception cref="CliException">A subset does not exist.</exception>
    private static IReadOnlyList<MmebSubset> Choose(string folder, string[] names, string? group)
    {
        var found = MmebReader.FindEvaluation(folder);
        if (names.FirstOrDefault(name => found.All(subset => subset.Name != name)) is { } missing)
            throw new CliException(
                $"{folder} has no subset {missing}, expected one of {string.Join(", ", found.Select(subset => subset.Name))}."
            );
        if (names.Length > 0)
            found = [.. found.Where(subset => names.Contains(subset.Name, StringComparer.Ordinal))];
        if (group is null)
            return found;

        var official = group switch
        {
            MmebScores.InDistribution => MmebBenchmark.InDistribution,
            MmebScores.OutOfDistribution => MmebBenchmark.OutOfDistribution,
            _ => MmebBenchmark.Groups.First(other => other.Name == group).Subsets,
        };
        MmebSubset[] members = [.. found.Where(subset => subset.Group == group || official.Contains(subset.Name, StringComparer.Ordinal))];
        if (members.Length == 0)
            throw new CliException($"{folder} has no subset of the group {group}.");
        // A folder of other origin may have groups of the same names; one that has some of MMEB's own should have all.
        var absent = official.Where(name => members.All(subset => subset.Name != name)).ToArray();
        if (names.Length == 0 && absent.Length > 0 && absent.Length < official.Count)
            throw new CliException(
                $"{folder} lacks {string.Join(", ", absent)} of the group {group}: add them, or name with --subset those that are to "
                    + "be evaluated."
            );
        return members;
    }

    private static void Print(Terminal terminal, MmebScores scores)
    {
        var width = scores
            .Subsets.Select(subset => subset.Subset)
            .Concat(scores.Groups.Select(group => group.Name))
            .Max(name => name.Length);
        var text = terminal.RawOutput;
        text.WriteLine($"{"subset".PadRight(width)}  hit@1  95 % interval  hit@5    MRR");
        foreach (var subset in scores.Subsets)
            Line(subset.Subset, subset.HitAt1, subset.HitAt1Interval, subset.HitAt5, subset.Mrr);
        text.WriteLine();
        foreach (var group in scores.Groups.Append(scores.Overall))
            Line(group.Name, group.HitAt1, group.HitAt1Interval, group.HitAt5, group.Mrr);

        void Line(string name, double hit, Interval interval, double five, double mrr) =>
            text.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name.PadRight(width)}  {100 * hit, 5:f1}  {100 * interval.Low, 6:f1}–{100 * interval.High, -6:f1}  "
                        + $"{100 * five, 5:f1}  {mrr, 5:f3}"
                )
            );
    }

    /// <summary>A line for each subset that is done, and every few seconds one of how far the work has got.</summary>
    private sealed class SubsetReport(Terminal terminal)
        : PacedReport<MmebProgress>(terminal, TimeSpan.FromSeconds(10), startsAtOnce: false)
    {
        private static string Failed(SubsetScore score) =>
            score.FailedItems == 0
                ? ""
                : string.Create(CultureInfo.InvariantCulture, $"; {score.FailedItems} items could not be embedded, see the report");

        /// <summary>The same model and settings on rows that are now others, or with more or fewer of them left out.</summary>
        private static string Replaced(SubsetScore score, SubsetScore? before) =>
            before is null || (before.Hits, before.Rows) == (score.Hits, score.Rows)
                ? ""
                : string.Create(CultureInfo.InvariantCulture, $"; replaces {100 * before.HitAt1:f1} % of {before.Rows} rows");

        private static string Unread(SubsetScore score) =>
            score.UnreadColumns.Count == 0 ? "" : $"; columns left out: {string.Join(", ", score.UnreadColumns)}";

        protected override bool SaysAtOnce(MmebProgress value)
        {
            if (value.Score is not { } score)
                return false;
            var leftOut = score.SkippedRows > 0 ? $", {score.SkippedRows} left out" : "";
            Terminal.Remark(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{score.Subset}: hit@1 {100 * score.HitAt1:f1} % of {score.Rows} "
                        + $"rows{leftOut}{Failed(score)}{Replaced(score, value.Before)}{Unread(score)}"
                )
            );
            return true;
        }

        protected override string Describe(MmebProgress value) =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{value.Subset}: {value.Completed:#,0} of {value.Total:#,0} "
                    + $"items{(value.TimeLeft is { } left ? $", {Durations.Clock(left)} left" : "")}"
            );
    }
}
