using Rge.Build;
using TorchSharp;

namespace Rge.Models.Tests.Tensors;

public sealed class TorchNativeTests
{
    [Fact]
    public void Torch_loads_and_computes()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Equal(2f, torch.ones(2).sum().item<float>());
    }

    [Fact]
    public void Native_error_is_thrown_as_an_exception()
    {
        // Exceptions come through the C++ runtime, the library whose version need is edited.
        using var scope = torch.NewDisposeScope();
        Assert.ThrowsAny<Exception>(() => torch.ones(2).view(3));
    }

    [Fact]
    public void Library_in_the_output_needs_no_further_edit()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the library exists on Linux only");
        var library = Assert.Single(Directory.GetFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories));
        Assert.False(WeakSymbolVersion.Weaken(File.ReadAllBytes(library), "GLIBCXX_3.4.32", library));
    }
}
