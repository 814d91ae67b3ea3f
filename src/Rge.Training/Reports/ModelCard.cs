using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Rge.Files.Yaml;
using Rge.Training.RunFiles;
using Rge.Training.Settings;

namespace Rge.Training.Reports;

/// <summary>The README of a model that a run has trained: what it is made of, what it scored, how to use it.</summary>
internal sealed class ModelCard(TrainingConfig config, RunState state, JsonObject? scores, string start)
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "README.md";

    /// <summary>The page, with the front matter that model hubs read.</summary>
    public string ToMarkdown()
    {
        var isAdapter = config.Model.Adapter is not null;
        var begun = config.Model.Checkpoint ?? $"{config.Model.Shape} (random weights)";
        var text = new StringBuilder("---\n");
        if (config.Model.Checkpoint is { } checkpoint)
            Line(
                "base_model: "
                    + $"\"{checkpoint.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\""
            );
        Line($"library_name: {(isAdapter ? "peft" : "transformers")}");
        Line("pipeline_tag: feature-extraction");
        Line($"tags: [multimodal-embedding, reasoning, rge{(isAdapter ? ", lora" : "")}]");
        Line("---");
        Line($"# {config.Name}\n");
        Line(
            $"{(isAdapter ? $"A {config.Model.Adapter!.Kind.ToString().ToUpperInvariant()} adapter" : "A checkpoint")} for embeddings "
                + $"of texts and images, trained with rge from {begun}."
        );
        Line(
            config.Objective.Rationale == RationaleSource.None
                ? "Queries are embedded without reasoning: use `--reasoning off`."
                : "A query's model writes a short rationale first, ends it with `<emb>`, and the hidden state "
                    + (config.Objective.Pooling == EmbeddedState.AtEmb ? "there" : "before it")
                    + ", normalised, is the embedding; targets are embedded at once."
        );
        Line("`generation_config.json` has the decoding that the model was trained and measured with.\n");
        Line("| | |\n|---|---|");
        Row("starting point", begun);
        Row("data", config.Data.Folder ?? "ShapeWorld, drawn");
        Row(
            "datasets",
            config.Data.Weights.Count == 0
                ? "all alike"
                : string.Join(", ", config.Data.Weights.Select(weight => Text($"{weight.Key} {weight.Value}")))
        );
        var phases = string.Join(", ", config.Phases.Select(phase => $"{phase.Name} {phase.Steps}"));
        Row("steps", Text($"{state.Step} ({phases}), {config.Data.Queries} queries each"));
        Row("learning rate", string.Join(", ", config.Phases.Select(phase => Text($"{phase.LearningRate}"))));
        Row("rationale of queries", Choices.Name(config.Objective.Rationale));
        Row("longest rationale", Text($"{config.Objective.MaxRationaleTokens} tokens"));
        Row("wording of queries, candidates", $"{config.Data.QueryRules}, {config.Data.CandidateRules}");
        Row("seed", Text($"{config.Seed}"));
        if (scores is null)
            Line("\nThe run has not measured itself on a development set.");
        else
            Scores(scores);
        var model = isAdapter ? $"--model {start} --adapter THIS_FOLDER" : "--model THIS_FOLDER";
        var reasoning = config.Objective.Rationale == RationaleSource.None ? " --reasoning off" : "";
        Line($"\n```\nrge eval --data MMEB-eval {model}{reasoning} --out scores\n```");
        return text.ToString();

        void Line(string line) => text.Append(line).Append('\n');

        void Row(string name, string value) => Line($"| {name} | {value.Replace("|", "\\|", StringComparison.Ordinal)} |");

        void Scores(JsonObject measured)
        {
            Line("\nOn the development set:\n\n| dataset | rows | hit@1, % |\n|---|--:|--:|");
            foreach (var (name, dataset) in measured["datasets"] as JsonObject ?? [])
                Line(Text($"| {name} | {dataset?["rows"]} | {100 * ((double?)dataset?["hit_at_1"] ?? 0):0.0} |"));
        }

        static string Text(FormattableString value) => value.ToString(CultureInfo.InvariantCulture);
    }
}
