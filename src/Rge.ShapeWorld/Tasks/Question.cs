using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>A query with its answer, before anything is drawn.</summary>
/// <param name="Scene">The scene it shows, or null for a query of words alone.</param>
/// <param name="Text">What it asks.</param>
/// <param name="Rationale">The steps to the answer, each one look-up; empty where there is nothing to work out.</param>
/// <param name="Answer">The right answer; null where the rationale is all there is to learn.</param>
internal sealed record Question(Scene? Scene, string Text, string Rationale, Answer? Answer = null)
{
    /// <summary>The cell of <see cref="Scene"/> that is shown alone; null for the whole image.</summary>
    public Cell? Cell { get; init; }

    /// <summary>The cell of the object that is looked for, where wrong answers are drawn around it.</summary>
    public Cell? Focus { get; init; }

    /// <summary>Answers that are nearly right.</summary>
    public IReadOnlyList<Answer> Negatives { get; init; } = [];
}
