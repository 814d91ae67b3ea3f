namespace Rge.ShapeWorld.Tasks;

/// <summary>Names of the meta-tasks, as MMEB has them.</summary>
internal static class MetaTasks
{
    public const string Classification = "classification", Vqa = "vqa", Retrieval = "retrieval", Grounding = "grounding";
}
