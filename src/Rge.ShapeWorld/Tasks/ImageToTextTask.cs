using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>ret_i2t: the caption of an image.</summary>
internal sealed class ImageToTextTask() : ShapeTask("ret_i2t", MetaTasks.Retrieval)
{
    protected override Question[]? TryDraw(SplitMix64 random, WorldSplit split)
    {
        var scene = SceneSampler.Draw(random, random.Between(4, 6), 5);
        if (scene.Split != split || SceneSampler.Variants<ulong>(random, scene, GroupSize, variant => variant.Layout) is not { } scenes)
            return null;
        var questions = new List<Question>(GroupSize);
        foreach (var variant in scenes)
        {
            if (SceneSampler.Neighbours(random, variant, 2, scenes) is not { } wrong)
                return null;
            var text = random.Pick("find the caption of the picture", "describe the picture", "what is in the picture");
            var question = new Question(variant, text, variant.Listing(), Answer.FromText(variant.Listing()));
            questions.Add(question with { Negatives = [.. wrong.Select(other => Answer.FromText(other.Listing()))] });
        }
        return [.. questions];
    }
}
