using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>grd_path: the crop of what is two steps away from an object.</summary>
internal sealed class CropPathTask() : ShapeTask("grd_path", MetaTasks.Grounding)
{
    protected override Question[]? TryDraw(SplitMix64 random, WorldSplit split)
    {
        var scene = SceneSampler.Draw(random, random.Between(5, 7), 5);
        return scene.Split == split ? AskAt(random, GridWalk.In(scene), walk => Ask(random, scene, walk)) : null;
    }

    public static Question Ask(SplitMix64 random, Scene scene, GridWalk walk)
    {
        var (start, first, second) = (SceneWords.Name(walk.Start.Kind), SceneWords.Name(walk.First), SceneWords.Name(walk.Second));
        var text = random.Pick(
            $"start at the {start} go {first} then {second} and crop the object",
            $"crop the object {first} then {second} from the {start}"
        );
        return new Question(scene, text, $"{walk.Steps()} so {SceneWords.Name(walk.End.Kind)}", Answer.Crop(scene, walk.End.Cell));
    }
}
