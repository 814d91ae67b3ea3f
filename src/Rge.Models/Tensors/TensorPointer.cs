using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Rge.Models.Tensors;

/// <summary>Addresses of tensors' elements. TorchSharp's own accessor knows no bfloat16 and allocates.</summary>
internal static unsafe partial class TensorPointer
{
    /// <summary>TorchSharp's native library.</summary>
    public const string Library = "LibTorchSharp";

    /// <summary>Address of the first element; valid as long as the tensor is alive.</summary>
    public static void* Of(Tensor tensor) => (void*)THSTensor_data(tensor.Handle);

    [LibraryImport(Library), SuppressGCTransition]
    private static partial nint THSTensor_data(nint tensor);
}
