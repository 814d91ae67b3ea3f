using Rge.ShapeWorld.Tasks;

namespace Rge.ShapeWorld;

/// <summary>Names of the datasets, and of sets of them.</summary>
public static class ShapeWorldDatasets
{
    /// <summary>The set of the eleven datasets of the benchmark, which is meant where none is named.</summary>
    public const string Standard = "standard";

    /// <summary>
    /// The set of the datasets whose targets take more than words: the rationale singles out what is looked for, and how it looks has to
    /// come from the image.
    /// </summary>
    public const string BeyondWords = "beyond-words";

    private static readonly Dictionary<string, string[]> Sets = new(StringComparer.Ordinal)
    {
        [Standard] = [.. ShapeTasks.All.Select(task => task.Name)],
        [BeyondWords] = [.. ShapeTasks.BeyondWords.Select(task => task.Name)],
    };

    /// <summary>Every dataset, in order: first those of <see cref="Standard"/>.</summary>
    public static IReadOnlyList<string> Every { get; } = [.. ShapeTasks.Every.Select(task => task.Name)];

    /// <summary>What <see cref="Choose"/> understands: the sets and every dataset.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Sets.Keys, .. Every];

    /// <summary>The datasets that are named, one by one or by a set, each once and in the order of <see cref="Every"/>.</summary>
    /// <param name="names">Names of datasets and sets; empty for <see cref="Standard"/>.</param>
    /// <exception cref="ArgumentException">A name is not one of <see cref="Names"/>.</exception>
    public static IReadOnlyList<string> Choose(IReadOnlyCollection<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.FirstOrDefault(name => !Names.Contains(name, StringComparer.Ordinal)) is { } unknown)
            throw new ArgumentException(
                $"The dataset '{unknown}' is not known, expected any of {string.Join(", ", Names)}.",
                nameof(names)
            );
        string[] all = names.Count == 0 ? Sets[Standard] : [.. names.SelectMany(name => Sets.GetValueOrDefault(name) ?? [name])];
        return [.. Every.Where(name => all.Contains(name, StringComparer.Ordinal))];
    }
}
