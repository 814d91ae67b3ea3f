using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>ret_comp: the image after an edit that is described in words.</summary>
internal sealed class ComposedTask() : ShapeTask("ret_comp", MetaTasks.Retrieval)
{
    private const int FewestObjects = 3;

    private enum Edit
    {
        Replace,
        Remove,
        Swap,
    }

    protected override Question[]? TryDraw(SplitMix64 random, WorldSplit split)
    {
        var scene = SceneSampler.Draw(random, random.Between(4, 5), 5);
        if (scene.Split != split)
            return null;
        var questions = new List<Question>(GroupSize);
        // Which edits a group has is settled before any is tried: most removals lead out of a small split, while some replacement never
        // does.
        Edit[] edits = [Edit.Replace, Edit.Remove, Edit.Swap, random.Pick<Edit>([Edit.Replace, Edit.Swap])];
        foreach (var edit in edits)
        {
            if (TryEdit(random, scene, edit, questions) is not { } question)
                return null;
            questions.Add(question);
        }
        var scenes = questions.Select(question => question.Answer!.Scene!).Append(scene).ToArray();
        for (var i = 0; i < GroupSize; i++)
        {
            // The image as it was is what a model finds that does not read the edit.
            if (SceneSampler.Neighbours(random, scenes[i], 1, scenes) is not [var wrong])
                return null;
            questions[i] = questions[i] with { Negatives = [Answer.Image(scene), Answer.Image(wrong)] };
        }
        Question[] shuffled = [.. questions];
        random.Shuffle<Question>(shuffled);
        return shuffled;
    }

    private static Question? TryEdit(SplitMix64 random, Scene scene, Edit edit, List<Question> taken)
    {
        var places = (
            from mark in scene.Landmarks()
            from direction in Grid.Directions
            let place = scene.Neighbour(mark.Cell, direction)
            where place is not null && (edit != Edit.Swap || place.Value.Kind != mark.Kind)
            select (Mark: mark, Direction: direction, Place: place.Value)
        ).ToArray();
        random.Shuffle<(PlacedObject, Direction, PlacedObject)>(places);
        foreach (var (mark, direction, place) in places)
        {
            var replacement = SceneSampler.SomeObject(random);
            var edited = edit switch
            {
                Edit.Replace => scene.With(place.Cell, replacement),
                Edit.Remove => scene.With(place.Cell, null),
                _ => scene.Swapped(place.Cell, mark.Cell),
            };
            if (edited.Split != scene.Split || edited.Objects.Count < FewestObjects || edited.Layout == scene.Layout)
                continue;
            if (taken.Exists(other => other.Answer!.Scene!.Layout == edited.Layout))
                continue;
            var (kind, relation, other) = (SceneWords.Name(mark.Kind), SceneWords.Relation(direction), SceneWords.One(replacement.Kind));
            var text = edit switch
            {
                Edit.Replace => random.Pick(
                    $"replace the object {relation} the {kind} by {other}",
                    $"put {other} for the object {relation} the {kind}"
                ),
                Edit.Remove => random.Pick(
                    $"remove the object {relation} the {kind}",
                    $"show the picture without the object {relation} the {kind}"
                ),
                _ => random.Pick(
                    $"swap the object {relation} the {kind} with the {kind}",
                    $"swap the {kind} with the object {relation} it"
                ),
            };
            // What changes is said before the list, which then repeats it or what the image has.
            var steps =
                $"{kind} {SceneWords.Name(mark.Cell)} {SceneWords.Name(direction)} {SceneWords.Name(place.Cell)} {SceneWords.Name(place.Kind)}";
            var change =
                $"{SceneWords.Name(place.Cell)} {SceneWords.Content(edited, place.Cell)}"
                + (edit == Edit.Swap ? $" {SceneWords.Name(mark.Cell)} {SceneWords.Name(place.Kind)}" : "");
            return new Question(scene, text, $"{steps} put {change} then {edited.Listing()}", Answer.Image(edited));
        }
        return null;
    }
}
