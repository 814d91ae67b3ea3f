using Rge.Files;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>
/// ret_t2i: the image that a chain of neighbours describes. The query already says all there is to say, so that its rationale is empty:
/// there is nothing to work out before <c>&lt;emb&gt;</c>.
/// </summary>
internal sealed class TextToImageTask() : ShapeTask("ret_t2i", MetaTasks.Retrieval)
{
    protected override Question[]? TryDraw(SplitMix64 random, WorldSplit split)
    {
        var scene = SceneSampler.Draw(random, random.Between(4, 5), 5);
        if (scene.Split != split)
            return null;
        var variants = SceneSampler.Variants<ulong>(random, scene, GroupSize, variant =>
            ObjectChain.Sample(random, variant) is null ? null : variant.Layout
        );
        if (variants is not { } scenes)
            return null;
        var questions = new List<Question>(GroupSize);
        foreach (var variant in scenes)
        {
            if (
                SceneSampler.Neighbours(random, variant, 1, scenes) is not { } wrong
                || ObjectChain.Sample(random, variant) is not { } chain
            )
                return null;
            var text = $"{random.Pick("find the picture with", "which picture has", "show the picture with")} {chain.Describe()}";
            questions.Add(new Question(null, text, "", Answer.Image(variant)) { Negatives = [.. wrong.Select(Answer.Image)] });
        }
        return [.. questions];
    }
}
