using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>vqa_attr: the colour or shape of an object that is described by an object that is described by another.</summary>
internal sealed class TraitTask() : ShapeTask("vqa_attr", MetaTasks.Vqa)
{
    protected override Question[]? TryDraw(SplitMix64 random, WorldSplit split)
    {
        var scene = SceneSampler.Draw(random, random.Between(5, 7), 5);
        if (scene.Split != split)
            return null;
        var places = from walk in GridWalk.In(scene) from trait in Traits select (walk, trait);
        return AskAt(random, places, place => Ask(random, scene, place.walk, place.trait));
    }

    private static Question Ask(SplitMix64 random, Scene scene, GridWalk walk, ObjectTrait trait)
    {
        var what =
            $"the object {SceneWords.Relation(walk.Second)} the object {SceneWords.Relation(walk.First)} the {SceneWords.Name(walk.Start.Kind)}";
        var text = random.Pick($"what {SceneWords.Name(trait)} is {what}", $"name the {SceneWords.Name(trait)} of {what}");
        var answer = SceneWords.Name(trait, walk.End.Kind);
        return new Question(scene, text, $"{walk.Steps()} so {answer}", Answer.FromText(answer));
    }
}
