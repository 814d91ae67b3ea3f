using System.CommandLine;
using System.Globalization;
using Rge.Cli.Output;
using Rge.Models;
using Rge.Oracle;

namespace Rge.Cli.Options;

/// <summary>The options of <c>rge rationales</c>: what for, whom to ask and how, what is good enough.</summary>
internal sealed class RationaleOptions
{
    private static readonly OracleSettings Asking = new();
    private static readonly RationaleRules Rules = new();

    private readonly Option<DirectoryInfo> _data = new("--data")
    {
        Description = "Folder of training rows in MMEB's form.",
        Required = true,
    };
    private readonly Option<DirectoryInfo?> _images = new("--images")
    {
        Description = "Folder that image paths are relative to; the data folder unless given.",
    };
    private readonly Option<string> _endpoint = new("--endpoint")
    {
        Description = "Base address, before /chat/completions, such as https://api.openai.com/v1.",
        Required = true,
    };
    private readonly Option<string> _model = new("--model", "-m")
    {
        Description = "Name of the model at the endpoint; it must accept images.",
        Required = true,
    };
    private readonly Option<DirectoryInfo> _output = new("--out", "-o")
    {
        Description = "Folder to write. Naming it again resumes a run that was stopped.",
        Required = true,
    };
    private readonly Option<string[]> _subsets = new("--subset")
    {
        Description = "Datasets to take; all unless given.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };
    private readonly Option<string[]> _ignored = CommonOptions.IgnoredColumns();
    private readonly Option<int?> _limit = new("--limit") { Description = "Rows to take of each dataset, from its first." };
    private readonly Option<FileInfo?> _prompt = new("--prompt")
    {
        Description = "File with a custom prompt; {query} and {target} in it are replaced by those of a row.",
    };
    private readonly Option<string> _keyVariable = new("--api-key-env")
    {
        Description = "Environment variable that has the API key.",
        DefaultValueFactory = _ => "OPENAI_API_KEY",
    };
    private readonly Option<int> _parallel = Count("--parallel", "Requests at once.", Asking.Parallel);
    private readonly Option<int> _attempts = Count("--attempts", "Attempts for a row before it counts as failed.", Asking.Attempts);
    private readonly Option<int> _timeout = Count(
        "--timeout",
        "Seconds within which a request is to be answered.",
        (int)Asking.Timeout.TotalSeconds
    );
    private readonly Option<int> _giveUpAfter = Count(
        "--give-up-after",
        "Rows one after the other without an answer that end the run.",
        Asking.GiveUpAfter
    );
    private readonly Option<int> _maxTokens = Count(
        "--max-tokens",
        "Tokens that an answer may have, thoughts of the model included.",
        Asking.MaxOutputTokens
    );
    private readonly Option<double?> _temperature = new("--temperature")
    {
        Description = "Sampling temperature; the endpoint's own unless given.",
    };
    private readonly Option<int> _longestSide = Count(
        "--max-side",
        "Pixels of the longer side above which an image is sent smaller.",
        Asking.LongestSide,
        least: 28
    );
    private readonly ImageReading _reading = new();
    private readonly Option<decimal> _inputPrice = new("--input-price")
    {
        Description = "Price of a million tokens sent, for the count of costs.",
    };
    private readonly Option<decimal> _outputPrice = new("--output-price") { Description = "Price of a million tokens written." };
    private readonly Option<int> _minWords = Count("--min-words", "Fewest words of a rationale.", Rules.MinWords);
    private readonly Option<int> _maxWords = Count("--max-words", "Most words of a rationale.", Rules.MaxWords);
    private readonly Option<double?> _latin = new("--latin") { Description = "Smallest share of Latin letters, 0 to 1; 0.9 unless given." };
    private readonly Option<string> _conclusion = new("--conclusion")
    {
        Description = "Words, with commas between them, of which one must be near the end; \"\" asks for none.",
        DefaultValueFactory = _ => string.Join(',', Rules.ConclusionWords),
    };
    private readonly Option<DirectoryInfo?> _verify = new("--verify")
    {
        Description = "Checkpoint folder: drops rationales after which this model ranks the right target no better than without.",
    };
    private readonly Option<int> _candidates = Count(
        "--verify-candidates",
        "Targets of the dataset that the right one is ranked among, beside its hard negatives.",
        64
    );
    private readonly Option<ulong> _seed = new("--seed") { Description = "Seed by which those are drawn." };
    private readonly Option<string> _device = DeviceOptions.Running();
    private readonly Option<string?> _dtype = DTypes.Option("Number type of the model to verify with; the checkpoint's own unless given.");
    private readonly Option<string> _weights = WeightFormats.Option();
    private readonly Option<bool> _keepAll = new("--keep-all")
    {
        Description = "Also write rows whose rationale is missing or not kept, without one: training then learns their embedding alone.",
    };
    private readonly Option<bool> _retry = new("--retry")
    {
        Description = "Ask again about rows whose answer is of no use: refused, cut off or rejected.",
    };
    private readonly Option<bool> _offline = new("--offline")
    {
        Description = "Ask nothing: check, verify and write what has been answered so far.",
    };

    public RationaleOptions()
    {
        CommonOptions.AtLeast(_limit, 1);
        CommonOptions.Within(_latin, 0, 1);
        CommonOptions.Within(_temperature, 0, 2);
        _endpoint.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not { } text)
                return;
            if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                result.AddError($"--endpoint is '{text}', expected an address such as https://api.openai.com/v1.");
            else if (address.AbsolutePath.TrimEnd('/').EndsWith("/chat/completions", StringComparison.Ordinal))
                result.AddError($"--endpoint is '{text}', expected the base address before /chat/completions.");
        });
        foreach (var price in (Option<decimal>[])[_inputPrice, _outputPrice])
            price.Validators.Add(result =>
            {
                if (CommonOptions.Number<decimal>(result) is { } value and < 0)
                    result.AddError(string.Create(CultureInfo.InvariantCulture, $"{price.Name} is {value}, expected 0 or more."));
            });
    }

    public void AddTo(Command command)
    {
        foreach (
            var option in (Option[])
                [
                    _data,
                    _images,
                    _endpoint,
                    _model,
                    _output,
                    _subsets,
                    _ignored,
                    _limit,
                    _prompt,
                    _keyVariable,
                    _parallel,
                    _attempts,
                    _timeout,
                    _giveUpAfter,
                    _maxTokens,
                    _temperature,
                    _longestSide,
                    _inputPrice,
                    _outputPrice,
                    _minWords,
                    _maxWords,
                    _latin,
                    _conclusion,
                    _verify,
                    _candidates,
                    _seed,
                    _device,
                    _dtype,
                    _weights,
                    _keepAll,
                    _retry,
                    _offline,
                ]
        )
            command.Add(option);
        _reading.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_verify) is not null)
                return;
            foreach (var option in _reading.Areas.Where(option => result.GetResult(option) is not null))
                result.AddError($"{option.Name} was given without {_verify.Name}, whose model it is for.");
        });
    }

    public Uri Endpoint(ParseResult parsed) => new(parsed.GetRequiredValue(_endpoint));

    public string Model(ParseResult parsed) => parsed.GetRequiredValue(_model);

    public OraclePrompt Prompt(ParseResult parsed) =>
        parsed.GetValue(_prompt) is { } file ? OraclePrompt.Read(file.FullName) : OraclePrompt.Default;

    /// <summary>The key; null where the default variable is not set, as an endpoint of one's own needs none.</summary>
    /// <exception cref="CliException">A variable was named that is not set, or it has no key in it.</exception>
    public string? ApiKey(ParseResult parsed)
    {
        var name = parsed.GetRequiredValue(_keyVariable);
        var key = Environment.GetEnvironmentVariable(name)?.Trim();
        if (key?.Any(c => c is <= ' ' or > '~') == true)
            throw new CliException(
                $"The environment variable {name} has characters that are in no API key, expected letters, digits and signs."
            );
        if (!string.IsNullOrEmpty(key))
            return key;
        return parsed.GetResult(_keyVariable) is { Implicit: false }
            ? throw new CliException($"The environment variable {name} is not set, expected the endpoint's API key in it.")
            : null;
    }

    public RationaleSettings Settings(ParseResult parsed) =>
        new()
        {
            Data = parsed.GetRequiredValue(_data).FullName,
            Images = parsed.GetValue(_images)?.FullName,
            Output = parsed.GetRequiredValue(_output).FullName,
            Subsets = parsed.GetRequiredValue(_subsets),
            IgnoredColumns = parsed.GetValue(_ignored) ?? [],
            Limit = parsed.GetValue(_limit),
            Retry = parsed.GetValue(_retry),
            Offline = parsed.GetValue(_offline),
            KeepAllRows = parsed.GetValue(_keepAll),
            InputPrice = parsed.GetValue(_inputPrice),
            OutputPrice = parsed.GetValue(_outputPrice),
            Oracle = Asking with
            {
                Parallel = parsed.GetValue(_parallel),
                Attempts = parsed.GetValue(_attempts),
                Timeout = TimeSpan.FromSeconds(parsed.GetValue(_timeout)),
                GiveUpAfter = parsed.GetValue(_giveUpAfter),
                MaxOutputTokens = parsed.GetValue(_maxTokens),
                Temperature = parsed.GetValue(_temperature),
                LongestSide = parsed.GetValue(_longestSide),
                Images = _reading.Read(parsed),
            },
            Rules = Rules with
            {
                MinWords = parsed.GetValue(_minWords),
                MaxWords = parsed.GetValue(_maxWords),
                MinLatinShare = parsed.GetValue(_latin) ?? Rules.MinLatinShare,
                ConclusionWords = parsed
                    .GetRequiredValue(_conclusion)
                    .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            },
            Verifier = parsed.GetValue(_verify) is not { } folder
                ? null
                : new VerifierSettings
                {
                    Model = folder.FullName,
                    Candidates = parsed.GetValue(_candidates),
                    Seed = parsed.GetValue(_seed),
                    Embedder = new ReasoningEmbedderOptions
                    {
                        Model = new QwenVlModelOptions
                        {
                            DType = DTypes.Parse(parsed.GetValue(_dtype)),
                            Device = DeviceOptions.Resolve(parsed.GetRequiredValue(_device)),
                            Weights = WeightFormats.Parse(parsed.GetValue(_weights)),
                        },
                        Images = _reading.Read(parsed),
                    },
                },
        };

    private static Option<int> Count(string name, string description, int value, int least = 1)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value };
        CommonOptions.AtLeast(option, least);
        return option;
    }
}
