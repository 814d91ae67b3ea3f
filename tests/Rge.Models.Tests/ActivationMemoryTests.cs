using System.Runtime.InteropServices;
using Rge.Models.Inputs;
using Rge.Tests.Shared;
using static TorchSharp.torch;

namespace Rge.Models.Tests;

/// <summary>Native memory that a graph holds.</summary>
[Collection(Alone.Name)]
public sealed class ActivationMemoryTests
{
    [Fact]
    public void Checkpointed_layers_hold_a_fraction_of_the_memory()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Allocated() > 0, "the allocator does not say what it holds");
        using var model = TinyModel.Create(ModelFamily.Qwen25Vl);
        foreach (var parameter in model.Parameters.Values)
            parameter.requires_grad_(true);
        ModelInput[] inputs = [.. Enumerable.Range(0, 40).Select(i => new ModelInput(TinyModel.Tokens(model.Config, 100, seed: i)))];
        Held(activationCheckpointing: false);
        long kept = Held(activationCheckpointing: false),
            recomputed = Held(activationCheckpointing: true);
        Assert.True(recomputed < kept / 3, $"{recomputed} bytes with recomputation, {kept} without");

        long Held(bool activationCheckpointing)
        {
            using var scope = NewDisposeScope();
            var before = Allocated();
            using var states = model.Forward(inputs, activationCheckpointing: activationCheckpointing);
            var held = Allocated() - before;
            states.Hidden.sum().backward();
            return held;
        }
    }

    /// <summary>Bytes in use by the C library's allocator; 0 where it cannot be asked.</summary>
    private static long Allocated()
    {
        try
        {
            var info = Information();
            return (long)(info.InUse + info.Mapped);
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return 0;
        }
    }

    [DllImport("libc.so.6", EntryPoint = "mallinfo2")]
    private static extern AllocatorInformation Information();

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct AllocatorInformation
    {
        private readonly nuint _arena,
            _freeChunks,
            _fastChunks,
            _maps;
        public readonly nuint Mapped;
        private readonly nuint _peak,
            _fastBytes;
        public readonly nuint InUse;
        private readonly nuint _free,
            _top;
    }
}
