using System.Diagnostics;
using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>Makes the questions of one dataset. Immutable and thread-safe.</summary>
internal abstract class ShapeTask(string name, string group)
{
    /// <summary>
    /// Questions of a group: on one scene, or on scenes that are one edit apart, so that each one's answer is nearly right for the others.
    /// </summary>
    public const int GroupSize = 4;

    protected static readonly ObjectTrait[] Traits = [ObjectTrait.Color, ObjectTrait.Shape];

    // Some datasets need a few hundred scenes until one of the right split will do.
    private const int MaxAttempts = 1_000_000;

    /// <summary>Name of the dataset.</summary>
    public string Name { get; } = name;

    /// <summary>The meta-task it belongs to.</summary>
    public string Group { get; } = group;

    /// <summary>Draws a group whose answers and negatives are all different from the right ones of the others.</summary>
    public IReadOnlyList<Question> Draw(SplitMix64 random, WorldSplit split)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
            if (TryDraw(random, split) is { } questions)
                return Apart(questions);
        throw new UnreachableException($"{Name} found no group in {MaxAttempts} attempts.");
    }

    /// <summary>A group without the negatives that are right for another of its questions: they are in a batch in any case.</summary>
    private static Question[] Apart(Question[] questions)
    {
        var right = questions.Select(question => question.Answer!.Key).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. questions.Select(question =>
                question with
                {
                    Negatives = [.. question.Negatives.Where(negative => !right.Contains(negative.Key))],
                }
            ),
        ];
    }

    /// <summary>Draws a group; null when the drawn scenes do not fit.</summary>
    protected abstract Question[]? TryDraw(SplitMix64 random, WorldSplit split);

    /// <summary>Asks at random places until the questions of a group have different answers; null when there are too few such.</summary>
    protected static Question[]? AskAt<T>(SplitMix64 random, IEnumerable<T> places, Func<T, Question> ask)
    {
        var all = places.ToArray();
        random.Shuffle<T>(all);
        var questions = all.Select(ask).DistinctBy(question => question.Answer!.Key, StringComparer.Ordinal).Take(GroupSize).ToArray();
        return questions.Length == GroupSize ? questions : null;
    }
}
