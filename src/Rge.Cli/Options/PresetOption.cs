using System.CommandLine;

namespace Rge.Cli.Options;

/// <summary>The option that says how a checkpoint is called.</summary>
internal static class PresetOption
{
    /// <summary>Stands for what is recognised.</summary>
    public const string Auto = "auto";

    /// <summary>Name of the option.</summary>
    public const string Name = "--preset";

    private const string FileExtension = ".json";

    /// <summary>Makes the option.</summary>
    public static Option<string> Create()
    {
        var option = new Option<string>(Name)
        {
            Description =
                $"How the checkpoint is called, see docs/presets.md: {string.Join(", ", ModelPreset.EmbedderNames)}, "
                + $"or a preset FILE{FileExtension}; {Auto} recognises it in the folder.",
            DefaultValueFactory = _ => Auto,
        };
        AcceptOnly(option, ModelPreset.EmbedderNames, ModelPreset.EmbedderNames);
        return option;
    }

    /// <summary>Refuses what names no preset.</summary>
    /// <param name="option">The option.</param>
    /// <param name="known">The names that it takes.</param>
    /// <param name="expected">Those of them that its error lists: others may be refused later, in other words.</param>
    public static void AcceptOnly(Option option, IEnumerable<string> known, IEnumerable<string> expected) =>
        option.Validators.Add(result =>
        {
            if (
                result.Tokens is [.., { Value: var given }]
                && given != Auto
                && !IsFile(given)
                && !known.Contains(given, StringComparer.Ordinal)
            )
                result.AddError(
                    $"{option.Name} is '{given}', expected {Auto}, {string.Join(", ", expected)}, or a file that ends in {FileExtension}."
                );
        });

    /// <summary>The preset that is asked for; <see langword="null"/> for what is recognised.</summary>
    /// <exception cref="CheckpointException">The file cannot be used.</exception>
    public static ModelPreset? Read(string given) =>
        given == Auto ? null
        : IsFile(given) ? ModelPreset.Load(given)
        : ModelPreset.Named(given);

    private static bool IsFile(string given) => given.EndsWith(FileExtension, StringComparison.OrdinalIgnoreCase);
}
