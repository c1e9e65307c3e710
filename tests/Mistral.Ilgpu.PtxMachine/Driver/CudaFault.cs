namespace Mistral.Ilgpu.PtxMachine.Driver;

/// <summary>Results of the driver API, by their numbers in cuda.h.</summary>
public enum CudaResult
{
    Success = 0,
    InvalidValue = 1,
    OutOfMemory = 2,
    InvalidDevice = 101,
    InvalidContext = 201,
    NoBinaryForGpu = 209,
    InvalidPtx = 218,
    InvalidHandle = 400,
    NotFound = 500,
    NotReady = 600,
    LaunchFailed = 719,
    NotSupported = 801,
    CaptureUnsupported = 900,
    CaptureInvalidated = 901,
}

/// <summary>A call that the driver refuses.</summary>
internal sealed class CudaFault(CudaResult result, string message) : Exception(message)
{
    public CudaResult Result => result;
}
