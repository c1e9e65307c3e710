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

/// <summary>
/// The code that ILGPU generates for a kernel; needs no device. What it makes for one backend or architecture it makes from what is common to all: the first takes nearly
/// all of the time.
/// </summary>
public sealed class KernelCode(KernelForm form) : IDisposable
{
    private readonly Context _context = Context.Create(builder => builder.Optimize(OptimizationLevel.O2).EnableAlgorithms().InlineLanes());

    /// <summary>PTX of a form for one architecture alone.</summary>
    public static string Ptx(KernelForm form, int architecture)
    {
        using var code = new KernelCode(form);
        return code.Ptx(architecture);
    }

    /// <summary>PTX for an architecture.</summary>
    /// <param name="architecture">70 for sm_70 and so on. ILGPU may name an older target: PTX is forward compatible.</param>
    public string Ptx(int architecture)
    {
        var target = new CudaArchitecture(architecture / 10, architecture % 10);
        // Older assemblers know no newer version than forms need.
        using var backend = new PTXBackend(_context, target, form.CudaArchitecture >= PtxTarget.Hopper ? CudaInstructionSet.ISA_80 : CudaInstructionSet.ISA_78, null!);
        return PtxTarget.For(target, PtxLocals.ToRegisters(((PTXCompiledKernel)Compile(backend)).PTXAssembly));
    }

    /// <summary>OpenCL C for a device that has neither generic pointers, subgroups nor halves.</summary>
    public string OpenCl()
    {
        using var backend = new CLBackend(_context, new CLCapabilityContext(true, false, false, false, false), CLDeviceVendor.Other, CLCVersion.CL30);
        return OpenClTarget.For(((CLCompiledKernel)Compile(backend)).Source);
    }

    public void Dispose() => _context.Dispose();

    private CompiledKernel Compile(Backend backend) => backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(form.Entry), form.Bounds);
}
