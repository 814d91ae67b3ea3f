using System.Numerics;

namespace Rge.Models.Kernels;

/// <summary>A number type of tensors, as the kernels read and write it: always through float32.</summary>
internal unsafe interface IElement<TSelf>
    where TSelf : unmanaged, IElement<TSelf>
{
    /// <summary>Reads two vectors' worth of neighbours.</summary>
    static abstract void Load(TSelf* source, out Vector<float> low, out Vector<float> high);

    /// <summary>Writes two vectors' worth of neighbours, rounded to nearest, ties to even.</summary>
    static abstract void Store(TSelf* target, Vector<float> low, Vector<float> high);

    /// <summary>As <see cref="Load(TSelf*, out Vector{float}, out Vector{float})"/>, in an order of the type's own, the fastest.</summary>
    static abstract void LoadShuffled(TSelf* source, out Vector<float> first, out Vector<float> second);

    /// <summary>Writes what is in the order of <see cref="LoadShuffled"/>.</summary>
    static abstract void StoreShuffled(TSelf* target, Vector<float> first, Vector<float> second);

    /// <summary>Reads one.</summary>
    static abstract float Load(TSelf* source);

    /// <summary>Writes one, rounded to nearest, ties to even.</summary>
    static abstract void Store(TSelf* target, float value);
}
