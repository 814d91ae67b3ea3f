using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Imaging;
using Rge.Models;
using Rge.Models.Checkpoints;
using Rge.Text;

namespace Rge.Cli.Verbs;

/// <summary><c>rge info</c>: what a checkpoint folder holds, and what it lacks.</summary>
internal static class InfoVerb
{
    public static Command Create(Terminal terminal)
    {
        var folder = new Argument<DirectoryInfo>("DIR") { Description = "Checkpoint folder in the Hugging Face layout." };
        folder.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var given }] && ModelOptions.RepositoryHint(given) is { } hint)
                result.AddError($"DIR is {hint}");
        });
        var adapter = new Option<DirectoryInfo?>("--adapter")
        {
            Description = "Folder of a LoRA or DoRA adapter that is to be applied to it.",
        };
        var (preset, images) = (PresetOption.Create(), new ImageReading(decodes: false));
        var json = CommonOptions.Json();
        var command = new Command(
            "info",
            "Show what a checkpoint folder holds: family, sizes, number type, tokens, image limits, and what is missing."
        )
        {
            folder,
            adapter,
            preset,
            json,
        };
        images.AddTo(command);
        command.SetAction(parsed =>
        {
            var report = new CheckpointReport(
                parsed.GetRequiredValue(folder).FullName,
                parsed.GetValue(adapter)?.FullName,
                PresetOption.Read(parsed.GetRequiredValue(preset)),
                images.Read(parsed)
            );
            if (parsed.GetValue(json))
                terminal.WriteJson(report.ToJson());
            else
                FactSheet.Print(terminal, report.Facts, report.Problems, "it has everything that embedding needs");
            return report.Problems.Count == 0 ? ExitCodes.Success : ExitCodes.Failure;
        });
        return command;
    }

    /// <summary>Facts and problems of one folder, gathered part by part, so that one broken file does not hide the others.</summary>
    private sealed class CheckpointReport
    {
        private readonly List<string> _problems = [];
        private readonly List<(string, string)> _facts = [];
        private readonly JsonObject _json = [];

        public CheckpointReport(string folder, string? adapter, ModelPreset? asked, ImageOptions images)
        {
            // Says what is wrong with a path that is no folder; a file may be of a known format.
            if (!Directory.Exists(folder))
                Checkpoint.Open(folder).Dispose();
            var config = Try(() => QwenVlConfig.Load(folder));
            var summary = config is null ? null : Try(() => CheckpointSummary.Read(folder, adapter));
            config = summary?.Config ?? config;
            if (config is not null)
                AddConfig(config, summary);
            AddWeights(folder);
            if (adapter is not null)
                AddAdapter(adapter);
            if (Try(() => ProcessorSources.Resolve(folder, adapter)) is { } sources)
            {
                var preset = AddPreset(folder, adapter, asked);
                AddTokens(sources, folder, config, preset);
                AddImages(sources, folder, config, preset, images);
            }
            _json["problems"] = new JsonArray([.. _problems.Select(p => (JsonNode)p)]);
        }

        public IReadOnlyList<(string Name, string Value)> Facts => _facts;

        public IReadOnlyList<string> Problems => _problems;

        public JsonObject ToJson() => _json;

        private void AddConfig(QwenVlConfig config, CheckpointSummary? summary)
        {
            var (text, vision) = (config.Text, config.Vision);
            var layout = ParameterLayout.Create(config);
            long all = Count(layout.Keys),
                inVision = Count(layout.Keys.Where(name => name.StartsWith("model.visual.", StringComparison.Ordinal)));
            var type = config.Source["model_type"]!.GetValue<string>();
            Add("family", type, type);
            Add("parameters", $"{Millions(all)} (vision tower {Millions(inVision)}, decoder {Millions(all - inVision)})", all);
            Add(
                "decoder",
                $"{text.NumHiddenLayers} layers of width {text.HiddenSize}, "
                    + (text.DeltaNet is { } net ? $"{net.Layers.Count} of them gated delta nets, " : "")
                    + $"{text.NumAttentionHeads} heads on {text.NumKeyValueHeads} "
                    + $"key heads, vocabulary {text.VocabSize}, {(text.TieWordEmbeddings ? "tied" : "untied")} output",
                null
            );
            if (summary?.HasOutputProjection == false)
                Add(
                    "rationales",
                    $"cannot be written: there is no output projection ({ParameterLayout.OutputProjection}); embed with --reasoning "
                        + "off or --pooling last",
                    false
                );
            Add(
                "vision",
                $"{vision.Depth} blocks of width {vision.HiddenSize}, patches of {vision.PatchSize} pixels, "
                    + $"{vision.SpatialMergeSize}×{vision.SpatialMergeSize} merged",
                null
            );
            Add("embedding", $"{text.HiddenSize} dimensions", text.HiddenSize);
            if (config.QuantizedWith is { } method)
                Add("quantised", $"with {method}, which loads as it is", method);

            long Count(IEnumerable<string> names) => names.Sum(name => layout[name].Aggregate(1L, (product, size) => product * size));
        }

        private void AddAdapter(string folder) =>
            Try(() =>
            {
                using var adapter = PeftAdapter.Load(folder);
                var replaced = adapter.FullParameters.Count > 0 ? $", replaces {string.Join(", ", adapter.FullParameters.Keys)}" : "";
                Add(
                    "adapter",
                    $"{(adapter.Config.Dora ? "DoRA" : "LoRA")} of rank {adapter.Config.Rank} on {adapter.Modules.Count} modules{replaced}",
                    adapter.Modules.Count
                );
                return adapter;
            });

        private void AddWeights(string folder) =>
            Try(() =>
            {
                using var checkpoint = Checkpoint.Open(folder);
                var types = string.Join(", ", checkpoint.Names.Select(checkpoint.DType).Distinct().Select(DTypes.Name));
                Add("weights", $"{types}, {checkpoint.ByteLength / 1e6:N0} MB, {checkpoint.Names.Count} tensors", types);
                return checkpoint;
            });

        /// <returns>The preset; that of reasoning-guided embedding where nothing tells.</returns>
        private ModelPreset AddPreset(string folder, string? adapter, ModelPreset? asked)
        {
            if (asked is not null)
            {
                Add("preset", $"{asked.Name}, as given: {asked.Description}", asked.Name);
                return asked;
            }
            if (Try(() => PresetRecognition.Of(folder, adapter)) is not { } recognition)
                return ModelPreset.Rge;
            Add(
                "preset",
                recognition.Preset is { } found
                    ? $"{found.Name}: the checkpoint {recognition.Reason} ({found.Description})"
                    : $"not recognised: the checkpoint {recognition.Reason}; {PresetOption.Name} names one",
                recognition.Preset?.Name
            );
            return recognition.Preset ?? ModelPreset.Rge;
        }

        private void AddTokens(ProcessorSources sources, string folder, QwenVlConfig? config, ModelPreset preset) =>
            Try(() =>
            {
                var tokenizer = QwenTokenizer.Load(sources.Tokenizer);
                ChatTemplate.Load(sources.Template);
                var (id, pooled) = (0, preset.Pooling.Token);
                var found = pooled is not null && tokenizer.TryGetToken(pooled, out id);
                Add(
                    "tokens",
                    $"{tokenizer.VocabularySize} in the "
                        + $"tokenizer{(found ? $", {pooled} is {id}" : "")}{From(sources.Tokenizer, folder)}",
                    tokenizer.VocabularySize
                );
                if (sources.Template != folder)
                    Add("chat template", From(sources.Template, folder).TrimStart(',', ' '), "adapter");
                if (pooled is not null && !found)
                    _problems.Add(
                        pooled == ReasoningEmbedder.EmbToken
                            ? $"the token {pooled}: this checkpoint was not trained for reasoning-guided embedding"
                            : $"the token {pooled}, which the preset {preset.Name} pools"
                    );
                else if (found && id >= config?.Text.VocabSize)
                    _problems.Add($"an embedding row for {pooled}: its id is {id}, the model has {config.Text.VocabSize} rows");
                return tokenizer;
            });

        private void AddImages(ProcessorSources sources, string folder, QwenVlConfig? config, ModelPreset preset, ImageOptions options) =>
            Try(() =>
            {
                var stored = ImageProcessorConfig.FromFolder(sources.Images);
                if (preset.Images.Steps is { Count: > 0 } steps)
                    stored = stored.WithSteps(steps);
                var images = stored.With(options);
                var token = images.MergedPatchSide * images.MergedPatchSide;
                var why =
                    options.MaxPixels is not null ? ", as given"
                    : images.MaxPixels != stored.MaxPixels
                        ? $"; the {stored.MaxPixels} of the file is a default of every release, --max-pixels {stored.MaxPixels} takes it"
                    : stored.Steps.Count > 0 ? $", of the preset {preset.Name}"
                    : "";
                Add(
                    "images",
                    $"{images.MinPixels} to {images.MaxPixels} pixels, {images.MinPixels / token} to {images.MaxPixels / token} "
                        + $"tokens{why}{From(sources.Images, folder)}",
                    images.MaxPixels
                );
                var isUpright = options.ExifOrientation ?? stored.ExifOrientation;
                Add(
                    "exif orientation",
                    $"{(isUpright ? "photographs are turned upright" : "pixels are taken as they are stored")}"
                        + $"{(options.ExifOrientation is null ? "" : ", as given")}",
                    isUpright
                );
                if (config is not null && images.PatchLength != config.Vision.PatchLength)
                    _problems.Add(
                        $"agreement on patches: preprocessor_config.json cuts {images.PatchLength} values a patch, the vision tower "
                            + $"takes {config.Vision.PatchLength}"
                    );
                return images;
            });

        private static string From(string source, string folder) => source == folder ? "" : ", from the adapter";

        private void Add(string name, string text, JsonNode? value)
        {
            _facts.Add((name, text));
            _json[name] = value ?? text;
        }

        private T? Try<T>(Func<T> read)
            where T : class
        {
            try
            {
                return read();
            }
            catch (CheckpointException e)
            {
                if (!_problems.Contains(e.Message))
                    _problems.Add(e.Message);
                return null;
            }
        }

        private static string Millions(long count) => string.Create(CultureInfo.InvariantCulture, $"{count / 1e6:N1} M");
    }
}
