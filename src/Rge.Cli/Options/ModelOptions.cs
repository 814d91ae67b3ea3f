using System.CommandLine;
using Rge.Cli.Output;
using Rge.Hub;
using Rge.Imaging;
using Rge.Models;
using Rge.Presets;

namespace Rge.Cli.Options;

/// <summary>The options of every verb that runs a model: which one, where, and how it writes rationales.</summary>
internal sealed class ModelOptions
{
    /// <summary>The variable that names the checkpoint where --model does not.</summary>
    public const string ModelVariable = "RGE_MODEL";

    /// <summary>The option that names the checkpoint.</summary>
    public const string ModelName = "--model";

    private readonly Option<DirectoryInfo> _model = ModelOption();
    private readonly Option<DirectoryInfo?> _adapter = new("--adapter")
    {
        Description = "Folder of a LoRA or DoRA adapter to merge into the model.",
    };
    private readonly Option<string> _device = DeviceOptions.Running();
    private readonly Option<string?> _dtype = DTypes.Option("Number type to run in; the checkpoint's own unless given.");
    private readonly Option<string> _weights = WeightFormats.Option();
    private readonly Option<int?> _maxTokens = new("--max-rationale-tokens")
    {
        Description = "Longest rationale, in tokens; that of the preset or the checkpoint unless given, or 128.",
    };
    private readonly Option<double?> _temperature = new("--temperature")
    {
        Description = "Sampling temperature; 0 always takes the likeliest token. The checkpoint's own unless given.",
    };
    private readonly Option<double?> _topP = new("--top-p")
    {
        Description = "Sample among the likeliest tokens that together have this probability.",
    };
    private readonly Option<double?> _repetitionPenalty = new("--repetition-penalty")
    {
        Description = "Weakens tokens that were used before; 1 does not. The checkpoint's own unless given.",
    };
    private readonly Option<int> _seed = new("--seed") { Description = "Seed of sampling." };
    private readonly Option<string> _whenBudgetRunsOut = new("--when-budget-runs-out")
    {
        Description =
            "What is pooled when a rationale reaches its longest: an appended <emb>, or the last token, as the reference code does. Not "
            + "for presets whose rationales end with the model's turn.",
        DefaultValueFactory = _ => "append",
    };
    private readonly Option<string> _reasoning = new("--reasoning")
    {
        Description =
            "Whether queries write a rationale first. auto leaves it to the model, which decides by its first token if it was trained to.",
        DefaultValueFactory = _ => "on",
    };
    private readonly Option<double?> _directThreshold = new("--direct-threshold")
    {
        Description =
            "With --reasoning auto: embed without a rationale where the model gives that at least this probability, 0 to 1. Less means "
            + "fewer rationales. The checkpoint's own unless given.",
    };
    private readonly Option<string> _pooling = new("--pooling")
    {
        Description =
            "How the checkpoint gives embeddings: emb is the chat layout and the hidden state at <emb>; last is the bare text and its "
            + "last token, without reasoning. Presets say it for published checkpoints.",
        DefaultValueFactory = _ => "emb",
    };
    private readonly Option<string> _preset = PresetOption.Create();
    private readonly ImageReading _images = new();
    private readonly Option<int> _batch;

    private readonly bool _writesRationales;
    private (ParseResult Parsed, ModelPreset Preset)? _resolved;

    /// <param name="writesRationales">Whether the verb has rationales written, and so the options of that.</param>
    /// <param name="batch">Queries that are decoded at once where nothing is said; the library's default without it.</param>
    public ModelOptions(bool writesRationales = true, int? batch = null)
    {
        _batch = new Option<int>("--batch")
        {
            Description = "Queries that are decoded at once.",
            DefaultValueFactory = _ => batch ?? new DecodingEngineOptions().MaxBatchSize,
        };
        _writesRationales = writesRationales;
        _whenBudgetRunsOut.AcceptOnlyFromAmong("append", "pool-last");
        _reasoning.AcceptOnlyFromAmong("on", "auto", "off");
        _pooling.AcceptOnlyFromAmong("emb", "last");
        CommonOptions.Within(_directThreshold, 0, 1);
        CommonOptions.Within(_temperature, 0, 1000);
        CommonOptions.Within(_topP, 0, 1);
        CommonOptions.Within(_repetitionPenalty, 0.01, 100);
        CommonOptions.AtLeast(_maxTokens, 1);
        CommonOptions.AtLeast(_batch, 1);
    }

    /// <summary>Makes the <c>--model</c> option; required where the environment names no checkpoint.</summary>
    private static Option<DirectoryInfo> ModelOption()
    {
        var option = new Option<DirectoryInfo>(ModelName, "-m")
        {
            Description = $"Checkpoint folder in the Hugging Face layout; {ModelVariable} in the environment unless given.",
        };
        if (Environment.GetEnvironmentVariable(ModelVariable) is { Length: > 0 } folder)
            option.DefaultValueFactory = _ => new DirectoryInfo(folder);
        else
            option.Required = true;
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var given }] && RepositoryHint(given) is { } hint)
                result.AddError($"--model is {hint}");
        });
        return option;
    }

    /// <summary>
    /// What to do where the name of a repository stands for a folder that is not here, as the rest of a sentence; null where it does not.
    /// </summary>
    public static string? RepositoryHint(string given) =>
        given.Count(c => c == '/') == 1 && HubDownloader.IsRepositoryName(given) && !Directory.Exists(given)
            ? $"'{given}', which is no folder here. If you mean the repository, 'rge pull {given}' downloads it into "
                + $"{given[(given.IndexOf('/', StringComparison.Ordinal) + 1)..]}."
            : null;

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_model, _adapter, _device, _dtype, _weights, _preset, _pooling])
            command.Add(option);
        _images.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_preset) is { Implicit: false } && result.GetResult(_pooling) is { Implicit: false })
                result.AddError($"{_pooling.Name} was given, expected {_preset.Name} alone, which says how the checkpoint is pooled.");
        });
        if (!_writesRationales)
            return;
        foreach (
            var option in (Option[])
                [_reasoning, _directThreshold, _maxTokens, _temperature, _topP, _repetitionPenalty, _seed, _whenBudgetRunsOut, _batch]
        )
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (
                result.GetResult(_reasoning) is { Implicit: false }
                && result.GetValue(_reasoning) is ("on" or "auto") and var asked
                && result.GetValue(_pooling) == "last"
            )
                result.AddError($"--reasoning is {asked}, expected off with --pooling last, which has no reasoning.");
        });
    }

    /// <summary>Everything that decides what comes out, as one readable line.</summary>
    public string Describe(ParseResult parsed) =>
        string.Join(
            ' ',
            (
                (Option[])
                    [
                        _model,
                        _adapter,
                        _dtype,
                        _pooling,
                        _reasoning,
                        _maxTokens,
                        _temperature,
                        _topP,
                        _repetitionPenalty,
                        _seed,
                        _whenBudgetRunsOut,
                    ]
            )
                .Select(option => $"{option.Name}={Value(parsed, option)}")
                .Append(_images.Describe(parsed))
                .Concat(WeightFormats.Describe(parsed, _weights))
                .Concat(parsed.GetValue(_directThreshold) is null ? [] : [$"{_directThreshold.Name}={Value(parsed, _directThreshold)}"])
                .Concat(Preset(parsed) is var preset && IsOlderThanPresets(preset) ? [] : [$"{_preset.Name}={preset.Name}"])
        );

    /// <summary>
    /// The checkpoint's name, and the adapter's where there is one: that of the folder, and for what a training run wrote that of the run.
    /// </summary>
    public string Name(ParseResult parsed) =>
        string.Join(
            " + ",
            ((DirectoryInfo?[])[parsed.GetRequiredValue(_model), parsed.GetValue(_adapter)]).OfType<DirectoryInfo>().Select(Named)
        );

    /// <summary>All results of training are called RUN/model or RUN/checkpoints/STEP/model, which tells none from another.</summary>
    private static string Named(DirectoryInfo folder) =>
        folder switch
        {
            { Name: "model", Parent: { Parent: { Name: "checkpoints", Parent: { } run } } step } => $"{run.Name}/{step.Name}",
            { Name: "model", Parent: { } run } => run.Name,
            _ => folder.Name,
        };

    /// <summary>
    /// Tells apart what embeddings depend on, but for how rationales are written: the model with how it reads images, the number type it
    /// runs in, and pooling.
    /// </summary>
    public string Identity(ParseResult parsed, ReasoningEmbedder embedder) =>
        $"{ModelFingerprint.Compute(embedder)} {parsed.GetValue(_dtype) ?? "stored"} {Pooling(parsed)}";

    /// <summary>How the checkpoint gives embeddings.</summary>
    public EmbeddingPooling Pooling(ParseResult parsed) =>
        parsed.GetValue(_pooling) == "last" ? EmbeddingPooling.LastToken : EmbeddingPooling.Emb;

    /// <summary>How the checkpoint is called: what is asked for, or else recognised in its folder.</summary>
    /// <exception cref="RgeException">It is not recognised, or the preset's file cannot be used.</exception>
    public ModelPreset Preset(ParseResult parsed)
    {
        if (_resolved is not { } resolved || resolved.Parsed != parsed)
            _resolved = resolved = (
                parsed,
                Pooling(parsed) == EmbeddingPooling.LastToken
                    ? ModelPreset.LastToken
                    : PresetOption.Read(parsed.GetRequiredValue(_preset)) ?? Recognized(parsed)
            );
        return resolved.Preset;
    }

    /// <summary>Whether queries write a rationale, always or where the model decides so.</summary>
    /// <exception cref="RgeException">As <see cref="Preset"/>; or the preset does not leave it open.</exception>
    public bool Reasons(ParseResult parsed) => Reasoning(parsed) != ReasoningMode.Off;

    /// <summary>Whether queries write a rationale.</summary>
    /// <exception cref="RgeException">As <see cref="Preset"/>; or the preset does not leave it open.</exception>
    public ReasoningMode Reasoning(ParseResult parsed)
    {
        var (preset, asked) = (Preset(parsed), parsed.GetResult(_reasoning) is { Implicit: false } ? parsed.GetValue(_reasoning) : null);
        return preset.Reasoning.Items switch
        {
            ReasoningItems.None when asked is "on" or "auto" && Pooling(parsed) == EmbeddingPooling.Emb => throw new CliException(
                $"{_reasoning.Name} is {asked}, expected off with the preset {preset.Name}, which has no reasoning."
            ),
            ReasoningItems.None => ReasoningMode.Off,
            ReasoningItems.All when asked == "off" => throw new CliException(
                $"{_reasoning.Name} is off, expected on with the preset {preset.Name}, which always reasons."
            ),
            ReasoningItems.All => ReasoningMode.On,
            _ when !_writesRationales => ReasoningMode.Off,
            _ => Enum.Parse<ReasoningMode>(parsed.GetRequiredValue(_reasoning), ignoreCase: true),
        };
    }

    /// <summary>Whether there was no preset to name when results of the kind were first described.</summary>
    private static bool IsOlderThanPresets(ModelPreset preset) => preset == ModelPreset.Rge || preset == ModelPreset.LastToken;

    private ModelPreset Recognized(ParseResult parsed) =>
        PresetRecognition.Of(parsed.GetRequiredValue(_model).FullName, parsed.GetValue(_adapter)?.FullName).Require();

    /// <summary>How rationales are written.</summary>
    public GenerationOptions Generation(ParseResult parsed)
    {
        var preset = Preset(parsed);
        if (_writesRationales && preset.Reasoning.EndsWithTurn && parsed.GetResult(_whenBudgetRunsOut) is { Implicit: false })
            throw new CliException(
                $"{_whenBudgetRunsOut.Name} was given, but with the preset {preset.Name} the last {preset.Pooling.Token} that is written "
                    + "is pooled, or else the last state: expected the option to be absent."
            );
        var stored = preset.WithBudget(
            GenerationOptions.Load(parsed.GetRequiredValue(_model).FullName, parsed.GetValue(_adapter)?.FullName)
        );
        return !_writesRationales
            ? stored
            : stored with
            {
                MaxRationaleTokens = parsed.GetValue(_maxTokens) ?? stored.MaxRationaleTokens,
                DirectThreshold = DirectThreshold(parsed, stored),
                Temperature = parsed.GetValue(_temperature) ?? stored.Temperature,
                TopP = parsed.GetValue(_topP) ?? stored.TopP,
                RepetitionPenalty = parsed.GetValue(_repetitionPenalty) ?? stored.RepetitionPenalty,
                Seed = parsed.GetValue(_seed),
                OnLengthLimit = parsed.GetValue(_whenBudgetRunsOut) == "append" ? LengthAction.AppendEmb : LengthAction.PoolLastToken,
            };
    }

    private double? DirectThreshold(ParseResult parsed, GenerationOptions stored)
    {
        if (parsed.GetValue(_directThreshold) is not { } asked)
            return stored.DirectThreshold;
        if (parsed.GetValue(_reasoning) != "auto")
            throw new CliException($"{_directThreshold.Name} was given, expected {_reasoning.Name} auto with it.");
        return stored.DirectThreshold is not null
            ? asked
            : throw new CliException(
                $"{_directThreshold.Name} was given, but the checkpoint was not trained to decide by its first token: its "
                    + $"{GenerationOptions.FileName} has no direct_threshold. Expected the option to be absent."
            );
    }

    /// <summary>Loads the model.</summary>
    /// <param name="parsed">The options given.</param>
    /// <param name="basis">What the command line has no options for.</param>
    public ReasoningEmbedder Load(ParseResult parsed, ReasoningEmbedderOptions? basis = null)
    {
        basis ??= new ReasoningEmbedderOptions();
        return ReasoningEmbedder.Load(
            parsed.GetRequiredValue(_model).FullName,
            basis with
            {
                Model = Loading(parsed),
                Generation = Generation(parsed),
                Preset = Preset(parsed),
                Images = Images(parsed),
                QueryReasoning = Reasoning(parsed),
                Decoder = _writesRationales ? basis.Decoder with { MaxBatchSize = parsed.GetValue(_batch) } : basis.Decoder,
            }
        );
    }

    /// <summary>How images are read and sized.</summary>
    public ImageOptions Images(ParseResult parsed) => _images.Read(parsed);

    /// <summary>Number type, format of the weights, device and adapter.</summary>
    public QwenVlModelOptions Loading(ParseResult parsed) =>
        new()
        {
            DType = DTypes.Parse(parsed.GetValue(_dtype)),
            Device = DeviceOptions.Resolve(parsed.GetRequiredValue(_device)),
            Adapter = parsed.GetValue(_adapter)?.FullName,
            Weights = WeightFormats.Parse(parsed.GetValue(_weights)),
        };

    private static string Value(ParseResult parsed, Option option) =>
        parsed.GetResult(option) is { } result ? string.Join(',', result.Tokens.Select(t => t.Value)) : "";
}
