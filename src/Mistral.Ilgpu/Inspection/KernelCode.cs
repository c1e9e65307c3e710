using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Inspection;

/// <summary>The code that ILGPU generates for a kernel; needs no device.</summary>
public static class KernelCode
{
    /// <summary>PTX for an architecture.</summary>
    /// <param name="architecture">70 for sm_70 and so on. ILGPU may name an older target: PTX is forward compatible.</param>
    public static string Ptx(KernelForm form, int architecture)
    {
        using var context = CreateContext();
        var target = new CudaArchitecture(architecture / 10, architecture % 10);
        // Older assemblers know no newer version than forms need.
        using var backend = new PTXBackend(context, target, form.CudaArchitecture >= PtxTarget.Hopper ? CudaInstructionSet.ISA_80 : CudaInstructionSet.ISA_78, null!);
        return PtxTarget.For(target, PtxLocals.ToRegisters(((PTXCompiledKernel)Compile(backend, form)).PTXAssembly));
    }

    /// <summary>OpenCL C for a device that has neither generic pointers, subgroups nor halves.</summary>
    public static string OpenCl(KernelForm form)
    {
        using var context = CreateContext();
        using var backend = new CLBackend(context, new CLCapabilityContext(true, false, false, false, false), CLDeviceVendor.Other, CLCVersion.CL30);
        return ((CLCompiledKernel)Compile(backend, form)).Source;
    }

    private static CompiledKernel Compile(Backend backend, KernelForm form) =>
        backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(form.Entry), form.Bounds);

    private static Context CreateContext() => Context.Create(builder => builder.Optimize(OptimizationLevel.O2).EnableAlgorithms().InlineLanes());
}
