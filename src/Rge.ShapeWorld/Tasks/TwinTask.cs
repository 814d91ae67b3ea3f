using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>
/// ret_twin: the very image with one object replaced, among images of the same content in other looks, and images of the same look in which
/// something else was replaced.
/// </summary>
/// <remarks>
/// What comes into a cell takes size and place of what was there, so that the pixels of the query decide all that the words leave open. The
/// questions of a group are two replacements by one kind, of two objects, each asked of two twins.
/// </remarks>
internal sealed class TwinTask() : BeyondWordsTask("ret_twin", MetaTasks.Retrieval)
{
    // Objects that the same kind may replace: who finds the kind in an image has not found the object.
    private const int FewestCells = 4;
    private const int WrongKinds = 6;

    protected override Question[]? TryDraw(SplitMix64 random, WorldSplit split)
    {
        var scene = SceneSampler.Draw(random, random.Between(5, 6), 5);
        if (scene.Split != split || Replacements(random, scene) is not { } all)
            return null;
        var seen = TwinSampler.Seen(random, scene);
        Scene[] twins = [seen, TwinSampler.Twin(random, seen)];
        var chosen = all.Take(GroupSize / twins.Length).ToArray();
        if (chosen.Length < GroupSize / twins.Length)
            return null;
        return WithNegatives(
            from twin in twins
            from replacement in chosen
            select Ask(random, twin, replacement),
            // The image as it was is what a model finds that does not read what is to be replaced.
            question => [Answer.Image(question.Scene!), .. Twins(random, question, 1)]
        );
    }

    protected override Answer SameWords(SplitMix64 random, Question question) =>
        Answer.Image(TwinSampler.Twin(random, question.Answer!.Scene!));

    protected override IEnumerable<Answer> OtherWords(SplitMix64 random, Question question)
    {
        var (scene, right) = (question.Scene!, question.Answer!.Scene!);
        yield return Answer.Image(scene);
        var changed = scene.Objects.First(placed => right[placed.Cell] != placed.Object).Cell;
        var kind = right[changed]!.Value.Kind;
        var edits = (
            from placed in scene.Objects
            from other in ObjectKind.All
            where other != placed.Kind
            let edited = Replaced(scene, placed.Cell, other)
            where edited.Split == scene.Split
            select (Scene: edited, placed.Cell, Kind: other)
        ).ToArray();
        random.Shuffle<(Scene, Cell, ObjectKind)>(edits);
        // The right kind in place of other objects; then other kinds in the right place, and elsewhere.
        var wrong = edits
            .Where(edit => edit.Cell != changed && edit.Kind == kind)
            .Concat(edits.Where(edit => edit.Cell == changed && edit.Kind != kind).Take(WrongKinds))
            .Concat(edits.Where(edit => edit.Cell != changed && edit.Kind != kind));
        foreach (var edit in wrong)
            yield return Answer.Image(edit.Scene);
    }

    /// <summary>
    /// Replacements of one object each, all different, by a kind that may replace several; null where no kind does.
    /// </summary>
    private static IEnumerable<Replacement>? Replacements(SplitMix64 random, Scene scene)
    {
        var kinds = ObjectKind
            .All.Where(kind =>
                scene.Count(placed => placed.Kind == kind) == 0
                && scene.Count(placed => Replaced(scene, placed.Cell, kind).Split == scene.Split) >= FewestCells
            )
            .ToArray();
        if (kinds.Length == 0)
            return null;
        var kind = random.Pick<ObjectKind>(kinds);
        var all = (
            from mark in scene.Landmarks()
            from direction in Grid.Directions
            let place = scene.Neighbour(mark.Cell, direction)
            where place is not null && Replaced(scene, place.Value.Cell, kind).Split == scene.Split
            select new Replacement(mark, direction, place.Value, kind)
        ).ToArray();
        random.Shuffle<Replacement>(all);
        return all.DistinctBy(replacement => replacement.Place.Cell);
    }

    private static Question Ask(SplitMix64 random, Scene scene, Replacement replacement)
    {
        var (mark, direction, place, kind) = replacement;
        var edited = Replaced(scene, place.Cell, kind);
        var which = $"the object {SceneWords.Relation(direction)} the {SceneWords.Name(mark.Kind)}";
        var text = random.Pick(
            $"replace {which} by {SceneWords.One(kind)} and find the same picture",
            $"show the same picture with {SceneWords.One(kind)} in place of {which}"
        );
        var steps =
            $"{SceneWords.Name(mark.Kind)} {SceneWords.Name(mark.Cell)} {SceneWords.Name(direction)} {SceneWords.Name(place.Cell)} "
            + $"{SceneWords.Name(place.Kind)} put {SceneWords.Name(place.Cell)} {SceneWords.Name(kind)}";
        return new Question(scene, text, $"{steps} so {edited.Listing()}", Answer.Image(edited));
    }

    private static Scene Replaced(Scene scene, Cell cell, ObjectKind kind) => scene.With(cell, scene[cell]!.Value with { Kind = kind });

    private sealed record Replacement(PlacedObject Mark, Direction Direction, PlacedObject Place, ObjectKind Kind);
}
