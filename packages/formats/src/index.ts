export { createRecordDecoder, createRecordEncoder, createResultEncoder, createTextReader, formatInfo, formatNames } from './formats.ts';
export type {
  DecodeColumn,
  DecodeFailure,
  DecodeOptions,
  EncodedRows,
  EncodeOptions,
  FormatInfo,
  Formats,
  RecordDecoder,
  RecordEncoder,
  ResultEncoder,
  ResultStatistics,
  TextReader,
} from './ports.ts';
