using System.CommandLine;
using Rge.Cli.Output;

namespace Rge.Cli.Options;

/// <summary>The options that name a reranker beside the model.</summary>
internal sealed class RerankerChoice
{
    private readonly Option<DirectoryInfo?> _folder;
    private readonly Option<string?> _preset;

    /// <param name="name">Name of the option for the folder; that for the preset has it too.</param>
    /// <param name="purpose">What the reranker is for, as a sentence.</param>
    public RerankerChoice(string name, string purpose)
    {
        _folder = new Option<DirectoryInfo?>(name)
        {
            Description =
                $"Folder of a reranker, such as Qwen3-VL-Reranker. {purpose} It runs on the model's device and reads images by the same "
                + "options.",
        };
        _preset = new Option<string?>($"{name}-preset")
        {
            Description =
                $"How that checkpoint is called: a preset FILE.json, or {string.Join(", ", ModelPreset.RerankerNames)}. "
                + "Recognised unless given.",
        };
        PresetOption.AcceptOnly(_preset, ModelPreset.RerankerNames.Concat(ModelPreset.EmbedderNames), ModelPreset.RerankerNames);
        _folder.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var given }] && ModelOptions.RepositoryHint(given) is { } hint)
                result.AddError($"{name} is {hint}");
        });
    }

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="others">Options of the verb that mean nothing without a reranker.</param>
    public void AddTo(Command command, params Option[] others)
    {
        command.Add(_folder);
        command.Add(_preset);
        foreach (var option in others)
            command.Add(option);
        foreach (var option in (Option[])[_preset, .. others])
            option.Validators.Add(result =>
            {
                if (!result.Implicit && result.GetResult(_folder) is null)
                    result.AddError($"{option.Name} was given without {_folder.Name}, which it is about.");
            });
    }

    /// <summary>Whether there is a reranker.</summary>
    public bool IsGiven(ParseResult parsed) => parsed.GetValue(_folder) is not null;

    /// <summary>Loads the reranker, which must be given.</summary>
    /// <param name="parsed">The options given.</param>
    /// <param name="model">Number type, device, and how images are read.</param>
    /// <param name="basis">What the command line has no options for.</param>
    /// <exception cref="RgeException">The folder cannot be used, or the preset is not a reranker's.</exception>
    public Reranker Load(ParseResult parsed, ModelOptions model, RerankerOptions? basis = null)
    {
        var preset = parsed.GetValue(_preset) is { } given ? PresetOption.Read(given) : null;
        if (preset is { Score: null })
            throw new CliException($"{_preset.Name} is {preset.Name}, a preset for embeddings, expected a reranker's.");
        return Reranker.Load(
            parsed.GetValue(_folder)!.FullName,
            (basis ?? new RerankerOptions()) with
            {
                Model = model.Loading(parsed) with { Adapter = null },
                Preset = preset,
                Images = model.Images(parsed),
            }
        );
    }
}
