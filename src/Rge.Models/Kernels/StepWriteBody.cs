namespace Rge.Models.Kernels;

/// <summary>
/// Copies each token's keys and values, <c>[kvHeads, headDim]</c>, to the last place of its slot in the cache; the loop runs over tokens.
/// </summary>
internal readonly unsafe struct StepWriteBody : IRangeBody
{
    public required byte* Keys { get; init; }
    public required byte* Values { get; init; }
    public required byte* CachedKeys { get; init; }
    public required byte* CachedValues { get; init; }
    public required int* Slots { get; init; }
    public required int* Lengths { get; init; }
    public required int KeyHeads { get; init; }
    public required int HeadBytes { get; init; }
    public required int Capacity { get; init; }

    public void Run(int begin, int end)
    {
        for (var token = begin; token < end; token++)
        {
            for (var head = 0; head < KeyHeads; head++)
            {
                var source = ((long)token * KeyHeads + head) * HeadBytes;
                var target = (((long)Slots[token] * KeyHeads + head) * Capacity + Lengths[token] - 1) * HeadBytes;
                Buffer.MemoryCopy(Keys + source, CachedKeys + target, HeadBytes, HeadBytes);
                Buffer.MemoryCopy(Values + source, CachedValues + target, HeadBytes, HeadBytes);
            }
        }
    }
}
