/** What the server's configuration says of these connectors, with shorter times. */
export const settings = {
  pipe_connector_timeout_ms: 2_000,
  pipe_async_connector_core_client_number: 2,
  pipe_async_connector_max_client_number: 4,
};
